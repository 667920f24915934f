// NumPy in one child process of python3, steps.py beside this file, where python3 has it.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Absent, Contender } from './contender.ts';
import { ALPHA, CHECKED, type Work } from './works.ts';

const script = fileURLToPath(new URL('steps.py', import.meta.url));
const base64 = (data: Float32Array) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');

function messageOf(work: Work) {
  if (work.kind === 'product') {
    const { kind, size, transposed, places } = work;
    return { kind, size, transposed, places, A: base64(work.A), B: base64(work.B) };
  }
  const { kind, layers, m, hidden, item, weights } = work;
  const [X, Y] = [base64(item.feeds.X), base64(item.feeds.Y)];
  const more = { weights: weights.map(base64), alpha: ALPHA, checked: CHECKED };
  return { kind, layers, m, hidden, X, Y, ...more };
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

/** NumPy on one thread like all others, or why it is not there. */
export async function numpy(): Promise<Contender | Absent> {
  const name = 'NumPy';
  const limits = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const child = spawn('python3', ['-u', script], {
    env: { ...process.env, ...limits },
  });
  let complaint = 'python3 is not on this machine';
  child.on('error', () => {});
  child.stderr.on('data', (text) => {
    complaint = `python3: ${String(text).trim().split('\n').at(-1)}`;
  });
  try {
    const ask = conversation(child);
    const version = String(await ask());
    const start = async (work: Work) => {
      await ask({ ask: 'start', ...messageOf(work) });
      return {
        check: async () => (await ask({ ask: 'check' })) as number[],
        turns: async (n: number) => {
          await ask({ ask: 'turns', n });
        },
        close: () => {},
      };
    };
    const layouts = ['columns'] as const;
    return { name, version, layouts, net: start, product: start, close: () => child.kill() };
  } catch {
    child.kill();
    return { name, reason: complaint };
  }
}
