# The settings for stops, as in Meet's image: three sync workers (gunicorn's default), with 90 s to finish.
bind = "0.0.0.0:8000"
workers = 3
graceful_timeout = 90
timeout = 90
