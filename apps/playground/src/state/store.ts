// The state of the page as signals, and what a user can do with it. Every action goes through one
// queue, so that a session is never used by two at a time. Views read signals and call actions.
import {
  type DeviceChoice,
  type Report,
  type Session,
  type Tensor,
  type Verification,
  verifyDevice,
} from '@chainrule/compiler';
import { batch, computed, effect, signal } from '@preact/signals';
import { codeOf } from '../logic/code.ts';
import { type Config, sanitize, speeds } from '../logic/config.ts';
import { makeData } from '../logic/examples.ts';
import { type Sample, withSample } from '../logic/history.ts';
import { mathematicsOf } from '../logic/mathematics.ts';
import { buildModel } from '../logic/model.ts';
import { mayObserve, nextQuota, SLICE_MS } from '../logic/pace.ts';
import {
  createTrainer,
  type Figures,
  queues,
  smallerRate,
  sound,
  type Trainer,
  type View,
} from '../logic/trainer.ts';
import { formatHash, parseHash } from '../logic/url.ts';

/** What the details pane shows of the session. */
export interface Running {
  readonly device: DeviceChoice;
  readonly notice: string | undefined;
  readonly report: Report;
  readonly sources: readonly { readonly name: string; readonly text: string }[];
  readonly compileMs: number;
}

/** What is looked at: a layer from 1, perhaps one of its units, perhaps one weight of that. */
export interface Focus {
  readonly layer: number;
  readonly unit?: number;
  readonly from?: number;
}

export interface Status {
  readonly step: number;
  readonly epoch: number;
  readonly train: Figures | undefined;
  readonly test: Figures | undefined;
}

const start: Status = { step: 0, epoch: 0, train: undefined, test: undefined };

export const config = signal<Config>(sanitize({}));
export const playing = signal(false);
export const status = signal<Status>(start);
export const history = signal<readonly Sample[]>([]);
export const view = signal<View | undefined>(undefined);
export const gradients = signal<Readonly<Record<string, Tensor>> | undefined>(undefined);
export const running = signal<Running | undefined>(undefined);
/** What a check of the device has found; it holds for the session that runs. */
export const verification = signal<Verification | 'checking' | undefined>(undefined);
export const problem = signal<string | undefined>(undefined);
export const focus = signal<Focus | undefined>(undefined);
export const showTest = signal(true);

/** A computed value of a part of the config: computed again only when that part changes. */
const part = <K extends keyof Config>(...names: readonly K[]) => {
  const text = computed(() => JSON.stringify(names.map((name) => config.value[name])));
  return computed(() => {
    void text.value;
    return config.peek() as Pick<Config, K>;
  });
};

const structure = part('features', 'hidden', 'activation', 'init', 'optimizer');
const source = part('data', 'count', 'noise', 'test', 'seed', 'features');
export const model = computed(() => buildModel(structure.value));
export const data = computed(() => makeData(source.value));
export const mathematics = computed(() => mathematicsOf(model.value));
export const code = computed(() => codeOf(config.value));

let trainer: Trainer | undefined;
let queue: Promise<void> = Promise.resolve();

/** Runs an action after those before it; what it throws is shown on the page. */
function enqueue(action: () => Promise<void>): Promise<void> {
  queue = queue.then(action).catch((error: unknown) => {
    playing.value = false;
    problem.value = error instanceof Error ? error.message : String(error);
  });
  return queue;
}

/** Compiles for what is chosen now; `keep` carries parameters and counters over. */
async function recompile(keep: boolean): Promise<void> {
  const old = trainer;
  const carry = keep && old ? await old.carry() : undefined;
  const begin = performance.now();
  const next = await createTrainer(model.value, data.value, config.value, carry);
  const compileMs = performance.now() - begin;
  trainer = next;
  old?.dispose();
  const { session, notice } = next;
  batch(() => {
    running.value = { device: session.device, notice, ...kernelsOf(session), compileMs };
    verification.value = undefined;
    problem.value = undefined;
    if (!carry) {
      history.value = [];
      status.value = start;
      gradients.value = undefined;
    }
  });
  await observe();
}

let observedAt = 0;
let observeCost = 0;

/** Shows where the session runs now, and what runs there. */
function showDevice(session: Session): void {
  if (!running.value || running.value.device === session.device) return;
  running.value = { ...running.value, device: session.device, ...kernelsOf(session) };
  verification.value = undefined;
}

function kernelsOf(session: Session) {
  const report = session.report();
  const sources = report.kernels.map(({ name }) => ({ name, text: session.source(name) }));
  return { report, sources };
}

/** Measures, and shows what the net does; one sample of the loss curve. */
async function observe(): Promise<void> {
  const t = trainer;
  if (!t) return;
  showDevice(t.session);
  const begin = performance.now();
  const { train, test } = await t.figures();
  const seen = await t.view();
  const slopes = focus.value?.unit !== undefined ? await t.gradients() : undefined;
  const { step, epoch } = t.progress;
  batch(() => {
    status.value = { step, epoch, train, test };
    view.value = seen;
    gradients.value = slopes;
    if (sound(train) && sound(test)) {
      history.value = withSample(history.value, { step, train: train.loss, test: test.loss });
    } else stopDiverged(step);
  });
  observedAt = performance.now();
  observeCost = observedAt - begin;
}

function stopDiverged(step: number): void {
  playing.value = false;
  const rate = smallerRate(config.value.rate);
  const advice = `try a learning rate of ${rate}, then reset`;
  problem.value = `The training diverged by step ${step}: ${advice}.`;
}

let quota = 1;

/** What one frame does: some steps, and a look if there is time. */
async function frame(): Promise<void> {
  const t = trainer;
  if (!t || !playing.value) return;
  const begin = performance.now();
  const queued = queues(t.session.device);
  const wanted = speeds[config.value.speed];
  await t.train({
    steps: queued ? Math.min(quota, wanted) : wanted,
    rate: config.value.rate,
    deadline: begin + SLICE_MS,
    now: () => performance.now(),
  });
  if (mayObserve(begin - observedAt, observeCost)) await observe();
  else status.value = { ...status.value, ...t.progress };
  if (queued) quota = nextQuota(quota, performance.now() - begin);
}

let looping = false;

function loop(): void {
  looping = playing.value;
  if (!looping) return;
  enqueue(frame).then(() => requestAnimationFrame(loop));
}

export function togglePlay(): void {
  playing.value = !playing.value;
  problem.value = undefined;
  if (!playing.value) void enqueue(observe);
  else if (!looping) loop();
}

/** One step, and nothing more. */
export function stepOnce(): void {
  playing.value = false;
  const { rate } = config.value;
  void enqueue(async () => {
    await trainer?.train({ steps: 1, rate, deadline: 0, now: () => 0 });
    await observe();
  });
}

/** Compares what the device computes with float64; the training stays where it is. */
export function checkDevice(): void {
  if (verification.peek() === 'checking') return;
  verification.value = 'checking';
  void enqueue(async () => {
    try {
      verification.value = trainer && (await verifyDevice(trainer.session));
    } finally {
      if (verification.peek() === 'checking') verification.value = undefined;
    }
  });
}

/** Back to the first values of the parameters. */
export function reset(): void {
  playing.value = false;
  void enqueue(() => recompile(false));
}

/** Changes that leave the training as it is. */
const live: readonly (keyof Config)[] = ['rate', 'speed'];
/** Changes after which the same parameters go on in a new session. */
const kept: readonly (keyof Config)[] = ['batch', 'device'];

let pending: 'keep' | 'reset' | undefined;

/** Changes choices, and compiles again if they need it. */
export function choose(change: Partial<Config>): void {
  const before = config.peek();
  config.value = sanitize({ ...before, ...change });
  const names = Object.keys(change) as (keyof Config)[];
  const changed = names.filter((n) => String(before[n]) !== String(config.value[n]));
  if (changed.every((n) => live.includes(n))) return;
  const keep = changed.every((n) => live.includes(n) || kept.includes(n));
  pending = keep && pending !== 'reset' ? 'keep' : 'reset';
  void enqueue(async () => {
    // A slider that is dragged asks many times: the first to come does it for all.
    if (!pending) return;
    const keepNow = pending === 'keep';
    pending = undefined;
    await recompile(keepNow);
  });
}

const same = (a?: Focus, b?: Focus): boolean =>
  a?.layer === b?.layer && a?.unit === b?.unit && a?.from === b?.from;

/** What the pointer or the keyboard is on. */
export function look(at: Focus | undefined): void {
  const before = focus.peek();
  if (same(before, at)) return;
  focus.value = at;
  if (at?.unit !== undefined && !playing.value && !gradients.value) void enqueue(observe);
}

/** Starts the page: reads the address, keeps it up to date, compiles. */
export function begin(): void {
  config.value = parseHash(location.hash);
  effect(() => {
    const hash = formatHash(config.value);
    if (hash !== location.hash) window.history.replaceState(null, '', hash || location.pathname);
  });
  addEventListener('hashchange', () => {
    const next = parseHash(location.hash);
    if (formatHash(next) !== formatHash(config.value)) choose(next);
  });
  void enqueue(() => recompile(false));
}
