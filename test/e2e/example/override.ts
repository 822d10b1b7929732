import type { Images } from '../../providers/engine/stand-ins.ts';
import { runLabel } from '../../providers/engine/test-run.ts';

/**
 * Replaces only the parts of the compose example that a test can't use. These are images that can't be pulled, ports
 * and names that may be in use, and the intervals of health checks.
 */
export function exampleOverride(images: Images, meetGenImage: string, repository: string, proxyNetwork: string): string {
  const quick = 'healthcheck: { interval: 1s, start_period: 1s }';
  return `
services:
  nginx-proxy:
    image: ${images.outerProxy}
    ports: !override ["127.0.0.1::80"]
    ${quick}
  acme-companion:
    image: ${images.idle}
  frontend:
    image: ${images.frontend['1.30']}
    ${quick}
  backend:
    image: ${images.backend}
    ${quick}
  celery:
    image: ${images.backend}
  postgresql:
    image: ${images.idle}
    environment: { STANDIN_PORTS: "5432" }
    ${quick}
  redis:
    image: ${images.idle}
    environment: { STANDIN_PORTS: "6379" }
    ${quick}
  meet-gen:
    image: ${meetGenImage}
    build: { context: ${JSON.stringify(repository)}, labels: [${runLabel}] }
  docker-proxy:
    image: ${images.socketProxy}
    ${quick}
  keycloak:
    image: ${images.idle}
    # The health check needs HTTP/1.0, which Keycloak answers with and node doesn't.
    entrypoint: ["node", "-e", ${JSON.stringify(answerHttp10)}]
    ${quick}
  keycloak-db:
    image: ${images.idle}
    ${quick}
  livekit:
    image: ${images.idle}
    environment: { STANDIN_PORTS: "7880" }
    ports: !override ["127.0.0.1::7881/tcp", "127.0.0.1::7882/udp"]
    ${quick}
networks:
  proxy:
    name: ${proxyNetwork}
`;
}

const answerHttp10 =
  "require('net').createServer((one) => { one.on('error', () => one.destroy()); one.once('data', () => one.end('HTTP/1.0 200 OK\\r\\n\\r\\n')); }).listen(9000); process.on('SIGTERM', () => process.exit(0));";
