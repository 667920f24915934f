// A strict Content-Security-Policy, in a page inside this one: what it allows runs, the rest says
// what to allow.
import { expect, test } from 'vitest';
import type { Outcome } from './support/strict.ts';

/** Runs `strict.ts` on a device in a frame with this policy. */
async function outcome(device: string, policy: string): Promise<Outcome> {
  const frame = document.createElement('iframe');
  const { href } = new URL('./support/strict.ts', import.meta.url);
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="${policy}">
    <script type="module" src="${href}"></script>`;
  const answer = new Promise<Outcome>((resolve) => {
    const listen = ({ source, data }: MessageEvent): void => {
      if (source !== frame.contentWindow) return;
      removeEventListener('message', listen);
      resolve(data as Outcome);
    };
    addEventListener('message', listen);
  });
  frame.name = device;
  document.body.append(frame);
  const found = await answer;
  frame.remove();
  return found;
}

test("wasm runs under script-src 'self' 'wasm-unsafe-eval'", async () => {
  const found = await outcome('wasm', "script-src 'self' 'wasm-unsafe-eval'");
  expect(found).toMatchObject({ values: [1, 4, 0, 1, 15e6] });
});

test('workers say what to allow where they may not start, and one thread goes on', async () => {
  const found = await outcome('wasm', "script-src 'self' 'wasm-unsafe-eval'");
  expect(found).toMatchObject({ why: expect.stringContaining('(worker-src blob:)') });
  const policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src blob:";
  expect(await outcome('wasm', policy)).toEqual({
    values: [1, 4, 0, 1, 15e6],
    why: expect.stringMatching(/up to \d+ threads: it was asked for/),
  });
});

test('wasm says what to allow where it may not run', async () => {
  const found = await outcome('wasm', "script-src 'self'");
  expect(found).toMatchObject({
    error: expect.stringMatching(/not allowed.*\n.*wasm-unsafe-eval/),
  });
});

test('the policy is one: it forbids the text of js', async () => {
  const found = await outcome('js', "script-src 'self' 'wasm-unsafe-eval'");
  expect(found).toMatchObject({ error: expect.stringContaining('Content-Security-Policy') });
});
