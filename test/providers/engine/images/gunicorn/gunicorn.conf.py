# What counts at a stop, as Meet's image has it: sync workers (gunicorn's default), three of them, 90 s to finish.
bind = "0.0.0.0:8000"
workers = 3
graceful_timeout = 90
timeout = 90
