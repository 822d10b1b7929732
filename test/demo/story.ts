import type { ProblemCode } from '../../src/model/problem.ts';
import { runLabel } from '../providers/engine/test-run.ts';
import type { Edits } from './compose-file.ts';
import { isLive } from './meet-gen-log.ts';
import type { DemoContainer } from './project.ts';
import type { Stage } from './stage.ts';
import { isPoliteRefusal, roomPath } from './visitor.ts';
import { waitFor } from './wait-for.ts';

/** A change to the containers, and the proof of its result. */
export interface Step {
  readonly title: string;
  /** The step has a moment without a backend. 503 with Retry-After is the right answer then, and counted apart. */
  readonly hasOutage?: boolean;
  /** Problems that meet-gen may report in this step. Any other problem makes the demo fail. */
  readonly problems?: readonly ProblemCode[];
  play(stage: Stage): Promise<void>;
}

const backendPort = 8000;
const whiteboardPort = 3002;
const backendLabels = { 'meet.role': 'backend' };
const whiteboardLabels = { 'meet.role': 'service', 'meet.paths': '/whiteboard', 'meet.port': String(whiteboardPort) };
/** The first compose.yaml. */
export const firstEdits: Edits = { backendLabels };
const withExtraPath: Edits = { backendLabels: { ...backendLabels, 'meet.paths': '+/extra' } };

const backends = async (stage: Stage): Promise<readonly DemoContainer[]> =>
  (await stage.project.containers('backend')).filter(({ running }) => running);

const firstStart: Step = {
  title: 'First start',
  // meet-gen may start before the backend.
  problems: ['nobody-in-rotation'],
  async play(stage) {
    stage.narrate('Two frontends with only the stub run already. Now the rest starts.');
    await stage.proveAnswer('/', 'the stub, since no file is rendered yet', ({ status }) => status === 503);
    await stage.type('docker compose up -d');
    await stage.listenToMeetGen();
    await stage.waitUntilInRotation('backend', await backends(stage));
    await stage.proveBackends(await backends(stage));
    await stage.proveRoom();
    await stage.proveAnswer('/__lbheartbeat__', 'the backend is healthy', ({ status, body }) => status === 200 && body === '');
  },
};

const scaleUp: Step = {
  title: 'Two more backends',
  async play(stage) {
    await stage.type('docker compose up -d --scale backend=3');
    const after = await backends(stage);
    await stage.waitUntilInRotation('backend', after);
    await stage.proveBackends(after);
    await stage.proveRoom();
  },
};

const stopAndStart: Step = {
  title: 'A backend stops and starts again',
  async play(stage) {
    const before = await backends(stage);
    const stopped = before.find(({ shortName }) => shortName === 'backend-2');
    if (stopped === undefined) throw new Error('the demo has no backend-2');
    await stage.type(`docker stop ${stopped.name}`);
    const rest = before.filter(({ id }) => id !== stopped.id);
    await stage.waitUntilInRotation('backend', rest);
    await stage.proveBackends(rest);
    await stage.type(`docker start ${stopped.name}`);
    await stage.waitUntilInRotation('backend', before);
    await stage.proveBackends(before);
  },
};

const scaleDown: Step = {
  title: 'Back to one backend',
  async play(stage) {
    await stage.type('docker compose up -d --scale backend=1');
    const after = await backends(stage);
    await stage.waitUntilInRotation('backend', after);
    await stage.proveBackends(after);
  },
};

const recreate: Step = {
  title: 'Recreated at another address',
  hasOutage: true,
  async play(stage) {
    const { project } = stage;
    const [before] = await backends(stage);
    if (before === undefined) throw new Error('the demo has no backend');
    await stage.type('docker compose rm --stop --force backend');
    await stage.waitUntilInRotation('backend', []);
    // nginx still tries earlier requests at the old address, for as long as meet.connect-timeout.
    await stage.settleTraffic();
    stage.narrate('Now another container starts, most likely at the old address.');
    const stranger = `${project.name}-stranger`;
    const network = `${project.name}_internal`;
    stage.showCommand(`docker run -d --name ${stranger} --network ${network} …`);
    await project.type(
      `docker run -d --name ${stranger} --network ${network} --label ${runLabel} --env STANDIN_NAME=stranger --env STANDIN_PORTS=${backendPort} ${project.images.idle}`,
    );
    await stage.type('docker compose up -d backend');
    const [after] = await backends(stage);
    stage.prove(
      after !== undefined && after.address !== before.address,
      `${before.shortName} moved from ${before.address} to ${after?.address}`,
      () => `compose should make a container at another address, but it is at ${after?.address} again`,
    );
    if (after === undefined) return;
    await stage.waitUntilInRotation('backend', [after]);
    await stage.proveBackends([after]);
    await project.type(`docker rm --force ${stranger}`);
  },
};

const stopAll: Step = {
  title: 'All backends stop',
  hasOutage: true,
  async play(stage) {
    await stage.type('docker compose stop backend');
    await stage.waitUntilInRotation('backend', []);
    const answers = await stage.visitMany('/api/v1.0/config/');
    const polite = answers.filter(isPoliteRefusal);
    stage.prove(
      polite.length === answers.length,
      `${polite.length} of ${answers.length} requests for the API → 503 with Retry-After: no 502, and not the SPA's HTML`,
      () => `${answers.length} requests should get 503 with Retry-After, but only ${polite.length} did`,
    );
    await stage.proveRoom();
    await stage.type('docker compose start backend');
    await stage.waitUntilInRotation('backend', await backends(stage));
    await stage.proveBackends(await backends(stage));
  },
};

const changeLabel: Step = {
  title: 'A label changes',
  hasOutage: true,
  // compose makes the new container before it removes the old one. Meanwhile their labels differ.
  problems: ['replicas-disagree'],
  async play(stage) {
    await stage.proveAnswer('/extra/', 'the SPA, since no service has this path', ({ body }) => body.includes('SPA of '));
    stage.project.edit(withExtraPath);
    stage.showEdit('compose.yaml, backend, labels', '+ meet.paths: +/extra');
    await stage.type('docker compose up -d');
    const after = await backends(stage);
    await stage.waitUntilInRotation('backend', after);
    await stage.proveAnswer('/extra/', 'the backend', ({ answeredBy }) => after.some(({ hostname }) => hostname === answeredBy));
    await stage.proveBackends(after);
  },
};

const secondService: Step = {
  title: 'A second service',
  async play(stage) {
    stage.project.edit({ ...withExtraPath, whiteboardLabels });
    stage.showEdit('compose.yaml', '+ whiteboard: { labels: { meet.role: service, meet.paths: /whiteboard, meet.port: 3002 }, … }');
    await stage.type('docker compose up -d');
    await proveWhiteboard(stage);
    await stage.proveAnswer('/whiteboards', 'the SPA, since this is another word', ({ body }) => body.includes('SPA of '));
    await stage.proveBackends(await backends(stage));
  },
};

const typo: Step = {
  title: 'A typo in a label is fixed',
  problems: ['unknown-label', 'replicas-disagree', 'nobody-in-rotation'],
  async play(stage) {
    const { project } = stage;
    project.edit({ ...withExtraPath, whiteboardLabels: { ...whiteboardLabels, 'meet.read-timout': '60s' } });
    stage.showEdit('compose.yaml, whiteboard, labels', '+ meet.read-timout: 60s');
    await stage.type('docker compose up -d');
    await stage.waitForLog('the unknown label', (entries) =>
      entries.some(({ problem }) => problem?.code === 'unknown-label' && problem.cure?.includes('meet.read-timeout')),
    );
    await proveWhiteboard(stage);
    await stage.proveBackends(await backends(stage));
    await stage.proveRoom();
    project.edit({ ...withExtraPath, whiteboardLabels: { ...whiteboardLabels, 'meet.read-timeout': '60s' } });
    stage.showEdit('compose.yaml, whiteboard, labels', '- meet.read-timout: 60s', '+ meet.read-timeout: 60s');
    await stage.type('docker compose up -d');
    await proveWhiteboard(stage);
    stage.prove(
      (await stage.status()).problems.length === 0,
      'meet-gen reports no problem after the fix',
      () => 'meet-gen should report no problem after the fix, but does',
    );
  },
};

const editTemplate: Step = {
  title: 'The template is edited',
  problems: ['template-broken'],
  async play(stage) {
    const before = stage.log.entries().findLast(isLive)?.generation;
    const shipped = stage.project.readTemplate();
    const mark = '    # Your own snippets';
    const added = '    location = /hello { default_type text/plain; return 200 "hello from a template\\n"; }\n';
    stage.project.writeTemplate(shipped.replace(mark, `    location = /hello { return <%= it.greting %>; }\n${mark}`));
    stage.showEdit('templates/routing.conf.eta', '+ location = /hello { return <%= it.greting %>; }');
    await stage.waitForLog('the broken template', (entries) => entries.some(({ problem }) => problem?.code === 'template-broken'));
    await stage.proveBackends(await backends(stage));
    stage.project.writeTemplate(shipped.replace(mark, `${added}${mark}`));
    stage.showEdit('templates/routing.conf.eta', '- location = /hello { return <%= it.greting %>; }', `+ ${added.trim()}`);
    await stage.waitUntilConverged('another generation', ({ publishedGeneration }) => publishedGeneration !== before);
    await stage.proveAnswer('/hello', 'the new location', ({ status, body }) => status === 200 && body === 'hello from a template\n');
    await stage.proveBackends(await backends(stage));
  },
};

const refusedReload: Step = {
  title: 'nginx refuses a change',
  problems: ['reload-rejected'],
  async play(stage) {
    const before = stage.log.entries().findLast(isLive)?.generation;
    const good = stage.project.readTemplate();
    const wrong = 'proxy_nonsense on;';
    stage.project.writeTemplate(`${good}${wrong}\n`);
    stage.showEdit('templates/routing.conf.eta', `+ ${wrong}`);
    await stage.waitForLog("the refusal, with nginx's message", (entries) =>
      entries.some(({ problem }) => problem?.code === 'reload-rejected' && problem.message?.includes('unknown directive "proxy_nonsense"')),
    );
    stage.narrate("The frontends' nginx tested the file in a copy of its configuration. The file was never published.");
    await stage.proveBackends(await backends(stage));
    await stage.proveRoom();
    stage.project.writeTemplate(`${good}# fixed\n`);
    stage.showEdit('templates/routing.conf.eta', `- ${wrong}`, '+ # fixed');
    await stage.waitUntilConverged('another generation', ({ publishedGeneration }) => publishedGeneration !== before);
    await stage.proveBackends(await backends(stage));
  },
};

const killFrontend: Step = {
  title: 'A frontend is killed',
  async play(stage) {
    const [victim] = await stage.project.containers('frontend');
    if (victim === undefined) throw new Error('the demo has no frontend');
    stage.showCommand(`kill -9 $(docker inspect --format '{{.State.Pid}}' ${victim.name})`);
    await stage.project.killFromOutside(victim);
    const back = await waitFor(
      async () =>
        (await stage.project.containers('frontend')).find(
          ({ id, pid, running, address }) => id === victim.id && running && pid !== victim.pid && address !== '',
        ),
      { withinMs: 15_000, otherwise: () => `the engine did not restart ${victim.name}`, signal: stage.signal },
    );
    stage.prove(
      back.startedAt !== victim.startedAt,
      `the engine restarted it, at ${back.address}`,
      () => `the engine did not restart ${back.name}`,
    );
    await stage.waitUntilConverged(`${back.shortName} at ${back.address}`, ({ frontends: known }, seenAt) => {
      const itself = known.find(({ id }) => id === back.hostname);
      return seenAt > Date.parse(back.startedAt) && itself?.inRotation === true && itself.endpoint === `${back.address}:8080`;
    });
    stage.narrate(`meet-gen: ${back.shortName} serves generation ${(await stage.status()).instances[0]?.publishedGeneration} again.`);
    const frontends = await stage.project.containers('frontend');
    // The outer nginx caches the addresses of a name for a second.
    await waitFor(
      async () => {
        const seen = new Set((await stage.visitMany(roomPath)).map(({ answeredBy }) => answeredBy));
        return frontends.every(({ hostname }) => seen.has(hostname)) ? true : undefined;
      },
      { withinMs: 10_000, otherwise: () => 'both frontends should answer again', signal: stage.signal },
    );
    stage.narrate(`${frontends.map(({ shortName }) => shortName).join(' and ')} both answer rooms again.`);
    await stage.proveBackends(await backends(stage));
  },
};

const replaceDrained: Step = {
  title: 'Backends are drained, then replaced',
  problems: ['drained'],
  async play(stage) {
    const old = await backends(stage);
    const names = old.map(({ name }) => name).join(' ');
    await stage.type('docker compose up -d --no-recreate --scale backend=2 backend');
    await stage.waitUntilInRotation('backend', await backends(stage));
    await stage.type(`docker compose exec -T meet-gen meet-gen drain ${names}`);
    const fresh = (await backends(stage)).filter(({ id }) => old.every((one) => one.id !== id));
    await stage.proveBackends(fresh);
    await stage.type(`docker rm --force ${names}`);
    await stage.proveBackends(fresh);
  },
};

const stopMeetGen: Step = {
  title: 'meet-gen stops',
  async play(stage) {
    const before = await backends(stage);
    const startedAtMs = Date.now();
    await stage.type('docker compose stop meet-gen');
    const tookMs = Date.now() - startedAtMs;
    const [stopped] = await stage.project.containers('meet-gen');
    stage.prove(
      stopped?.exitCode === 0 && tookMs < 5000,
      `meet-gen ended with code 0 within ${tookMs} ms`,
      () => `meet-gen should end with code 0 within 5 s, but: code ${stopped?.exitCode}, ${tookMs} ms`,
    );
    await stage.proveBackends(before);
    await stage.type('docker compose up -d --scale backend=2 backend');
    await stage.proveBackends(before);
    stage.narrate('The routes still work. Only the new backend gets no requests yet.');
    await stage.type('docker compose start meet-gen');
    await stage.listenToMeetGen();
    await stage.waitUntilInRotation('backend', await backends(stage));
    await stage.proveBackends(await backends(stage));
    await stage.proveRoom();
  },
};

async function proveWhiteboard(stage: Stage): Promise<void> {
  const [whiteboard] = await stage.project.containers('whiteboard');
  if (whiteboard === undefined) throw new Error('the demo has no whiteboard');
  await stage.waitUntilInRotation('whiteboard', [whiteboard]);
  await stage.proveAnswer(
    '/whiteboard/',
    'the whiteboard',
    ({ status, answeredBy }) => status === 200 && answeredBy === whiteboard.hostname,
  );
}

/** The steps in order. Each begins in the state at the end of the last step. */
export const story: readonly Step[] = [
  firstStart,
  scaleUp,
  stopAndStart,
  scaleDown,
  recreate,
  stopAll,
  changeLabel,
  secondService,
  typo,
  editTemplate,
  refusedReload,
  killFrontend,
  replaceDrained,
  stopMeetGen,
];
