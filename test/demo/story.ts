import type { ProblemCode } from '../../src/model/problem.ts';
import { runLabel } from '../providers/engine/test-run.ts';
import type { Edits } from './compose-file.ts';
import { isLive } from './meet-gen-log.ts';
import type { DemoContainer } from './project.ts';
import type { Stage } from './stage.ts';
import { isPoliteRefusal, roomPath } from './visitor.ts';
import { waitFor } from './wait-for.ts';

/** One thing that happens to the containers, and the proof of what came of it. */
export interface Step {
  readonly title: string;
  /** For a moment no backend is there: 503 with Retry-After is the right answer then, and counted apart. */
  readonly leavesNobody?: boolean;
  /** Problems that meet-gen is to tell, or may; any other makes the demo fail. */
  readonly problems?: readonly ProblemCode[];
  play(stage: Stage): Promise<void>;
}

const backendPort = 8000;
const whiteboardPort = 3002;
const backendLabels = { 'meet.role': 'backend' };
const whiteboardLabels = { 'meet.role': 'service', 'meet.paths': '/whiteboard', 'meet.port': String(whiteboardPort) };
/** As compose.yaml is in the beginning. */
export const firstEdits: Edits = { backendLabels };
const withExtraPath: Edits = { backendLabels: { ...backendLabels, 'meet.paths': '+/extra' } };

const backends = async (stage: Stage): Promise<readonly DemoContainer[]> =>
  (await stage.project.containers('backend')).filter(({ running }) => running);

const firstStart: Step = {
  title: 'First start',
  // It may be there before the backend is.
  problems: ['nobody-in-rotation'],
  async play(stage) {
    stage.tell('Two frontends with nothing but the stub were up already; now the rest comes.');
    await stage.proveAnswer('/', 'the stub, nothing is rendered yet', ({ status }) => status === 503);
    await stage.type('docker compose up -d');
    await stage.listenToMeetGen();
    await stage.untilInRotation('backend', await backends(stage));
    await stage.proveBackends(await backends(stage));
    await stage.proveRoom();
    await stage.proveAnswer('/__lbheartbeat__', 'the backend is well', ({ status, body }) => status === 200 && body === '');
  },
};

const scaleUp: Step = {
  title: 'Two more backends',
  async play(stage) {
    await stage.type('docker compose up -d --scale backend=3');
    const after = await backends(stage);
    await stage.untilInRotation('backend', after);
    await stage.proveBackends(after);
    await stage.proveRoom();
  },
};

const stopAndStart: Step = {
  title: 'One stops, and starts again',
  async play(stage) {
    const before = await backends(stage);
    const stopped = before.find(({ shortName }) => shortName === 'backend-2');
    if (stopped === undefined) throw new Error('there is no backend-2');
    await stage.type(`docker stop ${stopped.name}`);
    const rest = before.filter(({ id }) => id !== stopped.id);
    await stage.untilInRotation('backend', rest);
    await stage.proveBackends(rest);
    await stage.type(`docker start ${stopped.name}`);
    await stage.untilInRotation('backend', before);
    await stage.proveBackends(before);
  },
};

const scaleDown: Step = {
  title: 'Back to one',
  async play(stage) {
    await stage.type('docker compose up -d --scale backend=1');
    const after = await backends(stage);
    await stage.untilInRotation('backend', after);
    await stage.proveBackends(after);
  },
};

const recreate: Step = {
  title: 'Recreated at another address',
  leavesNobody: true,
  async play(stage) {
    const { project } = stage;
    const [before] = await backends(stage);
    if (before === undefined) throw new Error('there is no backend');
    await stage.type('docker compose rm --stop --force backend');
    await stage.untilInRotation('backend', []);
    // What was sent before is still being tried at the old address, for as long as meet.connect-timeout.
    await stage.untilAnswered();
    stage.tell('Now a stranger moves in, most likely at the old address.');
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
      `${before.shortName} was at ${before.address}, and is now at ${after?.address}`,
      () => `compose should have made a container at another address, but it is at ${after?.address}`,
    );
    if (after === undefined) return;
    await stage.untilInRotation('backend', [after]);
    await stage.proveBackends([after]);
    await project.type(`docker rm --force ${stranger}`);
  },
};

const stopAll: Step = {
  title: 'All backends stop',
  leavesNobody: true,
  async play(stage) {
    await stage.type('docker compose stop backend');
    await stage.untilInRotation('backend', []);
    const answers = await stage.visitMany('/api/v1.0/config/');
    const polite = answers.filter(isPoliteRefusal);
    stage.prove(
      polite.length === answers.length,
      `${polite.length} of ${answers.length} requests for the API → 503 with Retry-After: no 502, and not the SPA's HTML`,
      () => `${answers.length} requests should be refused with 503 and Retry-After, but only ${polite.length} were`,
    );
    await stage.proveRoom();
    await stage.type('docker compose start backend');
    await stage.untilInRotation('backend', await backends(stage));
    await stage.proveBackends(await backends(stage));
  },
};

const changeLabel: Step = {
  title: 'A label changes',
  leavesNobody: true,
  // For as long as compose has made the new container and not yet removed the old one, the two differ.
  problems: ['replicas-disagree'],
  async play(stage) {
    await stage.proveAnswer('/extra/', 'nobody asked for this path, so the SPA', ({ body }) => body.includes('SPA of '));
    stage.project.edit(withExtraPath);
    stage.showEdit('compose.yaml, backend, labels', '+ meet.paths: +/extra');
    await stage.type('docker compose up -d');
    const after = await backends(stage);
    await stage.untilInRotation('backend', after);
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
    await stage.proveAnswer('/whiteboards', 'another word, so the SPA', ({ body }) => body.includes('SPA of '));
    await stage.proveBackends(await backends(stage));
  },
};

const typo: Step = {
  title: 'A typo in a label, and fixed',
  problems: ['unknown-label', 'replicas-disagree', 'nobody-in-rotation'],
  async play(stage) {
    const { project } = stage;
    project.edit({ ...withExtraPath, whiteboardLabels: { ...whiteboardLabels, 'meet.read-timout': '60s' } });
    stage.showEdit('compose.yaml, whiteboard, labels', '+ meet.read-timout: 60s');
    await stage.type('docker compose up -d');
    await stage.untilSaid('a label is unknown', (entries) =>
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
      'meet-gen has nothing to complain of any more',
      () => 'a fixed typo should be no problem any more',
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
    await stage.untilSaid('the template is broken', (entries) => entries.some(({ problem }) => problem?.code === 'template-broken'));
    await stage.proveBackends(await backends(stage));
    stage.project.writeTemplate(shipped.replace(mark, `${added}${mark}`));
    stage.showEdit('templates/routing.conf.eta', '- location = /hello { return <%= it.greting %>; }', `+ ${added.trim()}`);
    await stage.untilConverged('another generation', ({ publishedGeneration }) => publishedGeneration !== before);
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
    await stage.untilSaid('nginx refuses it, in its own words', (entries) =>
      entries.some(({ problem }) => problem?.code === 'reload-rejected' && problem.message?.includes('unknown directive "proxy_nonsense"')),
    );
    stage.tell(
      "The frontends' own nginx tested it in a copy of its configuration: it was never live, nor where nginx would start with it.",
    );
    await stage.proveBackends(await backends(stage));
    await stage.proveRoom();
    stage.project.writeTemplate(`${good}# fixed\n`);
    stage.showEdit('templates/routing.conf.eta', `- ${wrong}`, '+ # fixed');
    await stage.untilConverged('another generation', ({ publishedGeneration }) => publishedGeneration !== before);
    await stage.proveBackends(await backends(stage));
  },
};

const killFrontend: Step = {
  title: 'A frontend is killed',
  async play(stage) {
    const [victim] = await stage.project.containers('frontend');
    if (victim === undefined) throw new Error('there is no frontend');
    stage.showCommand(`kill -9 $(docker inspect --format '{{.State.Pid}}' ${victim.name})`);
    await stage.project.killFromOutside(victim);
    const back = await waitFor(
      async () =>
        (await stage.project.containers('frontend')).find(
          ({ id, pid, running, address }) => id === victim.id && running && pid !== victim.pid && address !== '',
        ),
      { withinMs: 15_000, otherwise: () => `${victim.name} was not started again by the engine`, signal: stage.signal },
    );
    stage.prove(
      back.startedAt !== victim.startedAt,
      `the engine started it again, at ${back.address}`,
      () => `${back.name} was not started again`,
    );
    await stage.untilConverged(`${back.shortName} at ${back.address}`, ({ frontends: known }, seenAt) => {
      const itself = known.find(({ id }) => id === back.hostname);
      return seenAt > Date.parse(back.startedAt) && itself?.inRotation === true && itself.endpoint === `${back.address}:8080`;
    });
    stage.tell(`meet-gen: ${back.shortName} serves generation ${(await stage.status()).instances[0]?.publishedGeneration} again.`);
    const frontends = await stage.project.containers('frontend');
    // The outer nginx keeps a name's addresses for a second.
    await waitFor(
      async () => {
        const seen = new Set((await stage.visitMany(roomPath)).map(({ answeredBy }) => answeredBy));
        return frontends.every(({ hostname }) => seen.has(hostname)) ? true : undefined;
      },
      { withinMs: 10_000, otherwise: () => 'the two frontends should both answer again', signal: stage.signal },
    );
    stage.tell(`${frontends.map(({ shortName }) => shortName).join(' and ')} both answer rooms again.`);
    await stage.proveBackends(await backends(stage));
  },
};

const replaceDrained: Step = {
  title: 'Replaced, drained first',
  problems: ['drained'],
  async play(stage) {
    const old = await backends(stage);
    const names = old.map(({ name }) => name).join(' ');
    await stage.type('docker compose up -d --no-recreate --scale backend=2 backend');
    await stage.untilInRotation('backend', await backends(stage));
    await stage.type(`docker compose exec -T meet-gen meet-gen drain ${names}`);
    const fresh = (await backends(stage)).filter(({ id }) => old.every((one) => one.id !== id));
    await stage.proveBackends(fresh);
    await stage.type(`docker rm --force ${names}`);
    await stage.proveBackends(fresh);
  },
};

const stopMeetGen: Step = {
  title: 'meet-gen itself stops',
  async play(stage) {
    const before = await backends(stage);
    const startedAtMs = Date.now();
    await stage.type('docker compose stop meet-gen');
    const tookMs = Date.now() - startedAtMs;
    const [stopped] = await stage.project.containers('meet-gen');
    stage.prove(
      stopped?.exitCode === 0 && tookMs < 5000,
      `it ended by itself, with code 0, within ${tookMs} ms`,
      () => `meet-gen should end with code 0 and soon, but: code ${stopped?.exitCode}, ${tookMs} ms`,
    );
    await stage.proveBackends(before);
    await stage.type('docker compose up -d --scale backend=2 backend');
    await stage.proveBackends(before);
    stage.tell('Nothing breaks; only the new backend waits.');
    await stage.type('docker compose start meet-gen');
    await stage.listenToMeetGen();
    await stage.untilInRotation('backend', await backends(stage));
    await stage.proveBackends(await backends(stage));
    await stage.proveRoom();
  },
};

async function proveWhiteboard(stage: Stage): Promise<void> {
  const [whiteboard] = await stage.project.containers('whiteboard');
  if (whiteboard === undefined) throw new Error('there is no whiteboard');
  await stage.untilInRotation('whiteboard', [whiteboard]);
  await stage.proveAnswer(
    '/whiteboard/',
    'the whiteboard',
    ({ status, answeredBy }) => status === 200 && answeredBy === whiteboard.hostname,
  );
}

/** All that happens, in order: each step begins where the one before it ended. */
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
