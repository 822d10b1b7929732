/** A sentence of this repository, with its file. */
interface Sample {
  readonly file: string;
  readonly text: string;
}

/** Written before the rules were. */
export const written: readonly string[] = [
  'One whose address changed is not the one that was asked.',
  'Whoever holds the lock writes; whoever comes later waits.',
  "What a label can't say, the role does.",
  'Nobody waits for a frontend that does not answer.',
  'Of two that claim a path, the older keeps it.',
  'Nor does a failed look change what is served.',
  'It is told to stop before it is missed.',
  'A file that is there already stays as it is.',
  'Nothing is believed that nginx has not said itself.',
  'What was refused once is not offered anew.',
  'A container that goes is taken out before anybody notices.',
  'Who stands by is asked last.',
  'Not the list but the event comes first.',
  'Where there is none, the one before it is meant.',
  'The engine tells of it, and then it is gone.',
  'That is what the next pass is for.',
  'Only then is the file taken for good.',
  'So it is with those that were never seen.',
  'The address of now goes into the file, the one of before is forgotten.',
  'Neither the hook nor the signal is to be trusted alone.',
  'It had none, and gets none.',
  'Whatever the template says is believed, unless nginx says otherwise.',
  'A probe that has no answer is no verdict.',
  'Those that were there before are left as they were.',
  'For want of a better one, the last is kept.',
  "A reload that nobody asked for is nobody's fault.",
  'Everybody gets a say, but only while in rotation.',
  'The rest is left to nginx, who knows best.',
  'What it costs to look afresh is told by the metric.',
  'Once it has come, it is one like the others.',
];

/**
 * Comments, test names and pages of commit 197cf44: drawn at random, and taken in their order if somebody would rewrite
 * the sentence for its construction. The rules were tuned with these.
 */
export const sampled: readonly Sample[] = [
  { file: 'src/docker/inspection-from-engine.ts', text: 'A shell has it all in one word.' },
  {
    file: 'docs/decisions/README.md',
    text: 'That holds also when it is the only one: its requests get 503 with `Retry-After` instead of a reload at each crash.',
  },
  { file: 'src/explain/owner.ts', text: 'The view has no upstream where nobody is there; the structure says who would be.' },
  { file: 'test/support/chaos/walk.ts', text: 'A few actions, and the world that they lead to; then it is quiet.' },
  { file: 'src/engine-view.ts', text: "An event of one that can't be found by the id that it tells: it may be any of them." },
  { file: 'src/trial/trials.ts', text: 'One that has just ended or started is not reported on before the next pass.' },
  { file: 'test/unit/reload/proof.test.ts', text: 'while a reload is under way, is told again: nginx may have read the older file' },
  { file: 'docs/refused-reloads.md', text: 'If nginx refuses it, the last good structure goes back, with the addresses of now.' },
  { file: 'test/unit/probe/prober.test.ts', text: 'never changes a verdict for want of an answer' },
  {
    file: 'test/unit/routes/routing-view.test.ts',
    text: 'of a service that is called like the backend that is not there do not get its paths',
  },
  { file: 'test/unit/trial/trials.test.ts', text: 'is taken for refused by a guess only where there is something to go back to' },
  { file: 'src/explain/target.ts', text: 'As it would be sent: begins with a slash, query included.' },
  {
    file: 'src/reload/proof.ts',
    text: 'Who makes nginx reload: we do (`signal`, `exec`), the hook in the frontend, or somebody else (`none`); then we only look.',
  },
  {
    file: 'test/unit/reload/generation-probe.test.ts',
    text: 'tells the most telling of several reasons: what answers instead, then a refusal, then silence',
  },
  { file: 'test/unit/trial/trials.test.ts', text: 'is left alone where nobody answers: that is no refusal' },
  { file: 'test/e2e/lifecycle/neighbours.test.ts', text: 'its service of the same name is no upstream' },
  { file: 'src/doctor/checks/routing.ts', text: 'What leaves a frontend without its servers.' },
  { file: 'test/unit/reload-economy.test.ts', text: 'one that brings somebody to stand by has reloads of its own' },
  { file: 'test/support/refusal/ignored.ts', text: "What of the usual frontend's mounts is other." },
  { file: 'test/support/refusal/ordeal.ts', text: "In nginx's words, and with the file that it refused." },
];

/** Drawn in the same way, and judged before there were rules. The rules weren't tuned with these. */
export const heldOut: readonly Sample[] = [
  { file: 'docs/architecture.md', text: 'What is outside its grammar is refused, never escaped.' },
  { file: 'src/cli.ts', text: 'The command line: every command with its options, what it says of itself and what it does.' },
  { file: 'src/page/words.ts', text: 'An id for an element that stays the same as long as what it is about does.' },
  { file: 'test/unit/engine-view.test.ts', text: 'whether a container is at rest: it does not run, and nothing has happened to it' },
  { file: 'src/status/route-lines.ts', text: 'The paths of each service; one that stands for itself and all below is told once.' },
  {
    file: 'test/support/doctor/outside-world.ts',
    text: 'Starts it anew: the DNS has its own address under these names and no others; TLS with the certificate of this folder.',
  },
  { file: 'test/support/doctor/doctor-stack.ts', text: 'What only shows something is for people.' },
  {
    file: 'test/support/fake-engine/scene.ts',
    text: 'Waits until no frontend is asked or told anything any more and the file lacks this text.',
  },
  {
    file: 'test/unit/reload/proof.test.ts',
    text: 'A quicker one is seen a little later than it could be, and the next one is asked about sooner.',
  },
  { file: 'test/integration/socket-proxy.test.ts', text: 'How each of them is told to let these calls through.' },
  {
    file: 'test/support/fake-engine/scene.ts',
    text: 'Starts `meet-gen run`, with `--listen off` and a resync that never comes unless flags say otherwise.',
  },
  { file: 'test/support/tls-front.ts', text: 'How many bytes of what was said over TLS reached it.' },
  { file: 'test/demo/stage.ts', text: 'What meet-gen has said since the step began.' },
  {
    file: 'docs/decisions/README.md',
    text: "An HTTP probe needs `meet.host` for its `Host`: Django answers 400 to a host that it doesn't know, which is then no answer either.",
  },
  { file: 'src/model/instance.ts', text: "Its own share of the service's requests, where its labels say something of it." },
  {
    file: 'docs/recipes/own-template.md',
    text: 'A path of a snippet and one of a label must not be the very same location: nginx refuses that, and meet-gen then tells which path it left out.',
  },
  { file: 'src/status/turns.ts', text: 'The same object is the same in everything, and a host can have thousands of containers.' },
  {
    file: 'docs/decisions/README.md',
    text: "The wall-clock time until the file is there is told beside it, with and without the time from a list's question to its answer's last byte.",
  },
  {
    file: 'test/support/refusal/accesses.ts',
    text: "Nothing untested is to be published, and two filters can take each other's place, one with exec.",
  },
  { file: 'src/doctor/checks/frontend-process.ts', text: "Who signals frontends: a meet-gen that wasn't told another way." },
];
