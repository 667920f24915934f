// NumPy in child processes of python3, steps.py beside this file, where python3 has it.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Absent, type Contender, withThreads } from './contender.ts';
import {
  ADAM,
  ALPHA,
  BOTH,
  CHECKED,
  type LaidOut,
  type NetWork,
  type ProductWork,
} from './works.ts';

const script = fileURLToPath(new URL('steps.py', import.meta.url));
const base64 = (data: Float32Array) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');

function productMessage({ kind, transposed, places, A, B }: ProductWork) {
  const data = { A: base64(A.data), B: base64(B.data), shapes: [A.shape, B.shape] };
  return { kind, transposed, places, ...data };
}

function netMessage(work: NetWork, { layout, X }: LaidOut) {
  const { kind, layers, m, hidden, optimizer, Y, weights } = work;
  const data = { X: base64(X.data), Y: base64(Y), weights: weights.map(base64) };
  return {
    kind,
    layers,
    m,
    hidden,
    optimizer,
    layout,
    ...data,
    alpha: ALPHA,
    adam: ADAM,
    checked: CHECKED,
  };
}

/** Gives a function that writes a message and resolves to the child's next line. */
function conversation({ stdin, stdout }: ChildProcessWithoutNullStreams) {
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  // A child that is gone answers with the end of its lines; the write need not say it too.
  stdin.on('error', () => {});
  return async (message?: object): Promise<unknown> => {
    if (message) stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('python3 ended');
    return JSON.parse(value);
  };
}

export interface NumpyOptions {
  readonly threads: number;
  readonly dtype: 'float32' | 'float64';
}

/** A name with what differs from NumPy on one thread in float32. */
export const numpyName = ({ threads, dtype }: NumpyOptions): string =>
  withThreads(dtype === 'float64' ? 'NumPy float64' : 'NumPy', threads);

/** OpenBLAS' threads wait so long for more work before they sleep: 2^28 cycles. */
const SPIN_MS = 200;

function environment(threads: number): NodeJS.ProcessEnv {
  const limits = ['OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS'];
  const env = {
    ...process.env,
    ...Object.fromEntries(limits.map((name) => [name, `${threads}`])),
  };
  // They make it use the code of another processor than this one.
  delete env['OPENBLAS_CORETYPE'];
  delete env['OPENBLAS_L2_SIZE'];
  return env;
}

/** NumPy in a process of its own, or why it is not there. */
export async function numpy({ threads, dtype }: NumpyOptions): Promise<Contender | Absent> {
  const name = numpyName({ threads, dtype });
  const child = spawn('python3', ['-u', script, dtype], { env: environment(threads) });
  let complaint = 'python3 is not on this machine';
  child.on('error', () => {});
  child.stderr.on('data', (text) => {
    complaint = `python3: ${String(text).trim().split('\n').at(-1)}`;
  });
  try {
    const ask = conversation(child);
    const version = `${await ask()}, ${dtype}, threads: ${threads}`;
    const start = async (message: object) => {
      await ask({ ask: 'start', ...message });
      return {
        check: async () => (await ask({ ask: 'check' })) as number[],
        turns: async (n: number) => {
          await ask({ ask: 'turns', n });
        },
        close: () => {},
      };
    };
    return {
      name,
      version,
      layouts: BOTH,
      net: (work, data) => start(netMessage(work, data)),
      // The device's numbers are float32; nets in float64 are what the course's own code computes.
      ...(dtype === 'float32' && { product: (work) => start(productMessage(work)) }),
      ...(threads > 1 && { rest: SPIN_MS }),
      close: () => child.kill(),
    };
  } catch {
    child.kill();
    return { name, reason: complaint };
  }
}
