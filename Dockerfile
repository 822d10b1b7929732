# meet-gen's image: the bundled command on Node, run by a user other than root.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json build.ts ./
COPY src src
COPY templates templates
# Readable for the image's user, even if the checkout had a strict umask.
RUN npm run build && chmod -R a+rX dist templates && chmod a+x dist/meet-gen.js

FROM node:24-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="meet-gen" \
      org.opencontainers.image.description="Turns compose labels into live routes for self-hosted La Suite Meet: renders nginx's routing.conf, reloads nginx and proves the reload" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
# One arena for all threads: meet-gen allocates little, and an arena keeps its memory (mallopt(3), M_ARENA_MAX).
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1
COPY --from=build /build/dist /meet-gen/dist
COPY --from=build /build/templates /meet-gen/templates
# A new named volume takes its owner from the image's directory. The link is for `docker exec … meet-gen …`.
RUN install -d -m 0755 -o 1000 -g 1000 /routing && ln -s /meet-gen/dist/meet-gen.js /usr/local/bin/meet-gen
USER 1000:1000
# No EXPOSE: by default the status server listens only on 127.0.0.1:9180 inside (MEET_GEN_LISTEN).
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --start-interval=1s CMD ["node", "/meet-gen/dist/meet-gen.js", "healthcheck"]
STOPSIGNAL SIGTERM
# A small young generation and no optimising compilers, which save memory in work of milliseconds (docs/performance.md).
ENTRYPOINT ["node", "--max-semi-space-size=1", "--optimize-for-size", "--no-opt", "--no-maglev", "/meet-gen/dist/meet-gen.js"]
CMD ["run"]
