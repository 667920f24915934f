// What a page loads: gpu.js is most of what chainrule can bring along, and only a GPU needs it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeviceChoice } from '@chainrule/compiler';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { args, findChromium } from '../../../scripts/chromium.mjs';
import { bundlers, type Chunk } from './bundles/bundlers.ts';

const HTML = '<!doctype html><title>t</title><script type="module" src="/page.js"></script>';

const hasGpujs = ({ modules }: Chunk): boolean =>
  modules.some((path) => /node_modules\/gpu\.js\//.test(path));

/** The chunks that come with one, itself first. */
function closure(chunks: readonly Chunk[], path: string): Chunk[] {
  const found = new Set([path]);
  for (const at of found) {
    for (const next of chunks.find((c) => c.path === at)!.imports) found.add(next);
  }
  return chunks.filter((c) => found.has(c.path));
}

async function serve(chunks: readonly Chunk[]): Promise<Server> {
  const files = new Map(chunks.map(({ path, code }) => [path, code]));
  const server = createServer(({ url }, response) => {
    const body = url === '/' ? HTML : files.get(url!);
    const type = url === '/' ? 'text/html' : 'text/javascript';
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': type });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

declare function looked(): Promise<DeviceChoice>;
declare function trained(device: string): Promise<{ w: number; kind: string }>;

const hideWebGpu = (page: Page) =>
  page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined });
  });
const hideGpus = async (page: Page) => {
  await hideWebGpu(page);
  await page.addInitScript(() => {
    HTMLCanvasElement.prototype.getContext = () => null;
  });
};

let browser: Browser;
beforeAll(async () => {
  const executablePath = findChromium();
  browser = await chromium.launch({ ...(executablePath && { executablePath }), args });
});
afterAll(() => browser?.close());

describe.each(Object.entries(bundlers))('bundled by %s', (_, bundle) => {
  let chunks: readonly Chunk[];
  let server: Server;
  beforeAll(async () => {
    chunks = await bundle();
    server = await serve(chunks);
  });
  afterAll(() => server?.close());

  /** A new page, and what it asks for from now on. */
  async function open(before?: (page: Page) => Promise<unknown>) {
    const page = await browser.newPage();
    const requests: string[] = [];
    page.on('request', (request) => requests.push(new URL(request.url()).pathname));
    await before?.(page);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => 'trained' in globalThis);
    const withGpujs = () =>
      chunks.filter((c) => requests.includes(c.path) && hasGpujs(c)).map(({ path }) => path);
    return { page, withGpujs };
  }

  test('gpu.js is in a chunk of its own, which nothing loads at once', () => {
    const own = chunks.filter(hasGpujs);
    expect(own).toHaveLength(1);
    const others = own[0]!.modules.filter((path) => /@chainrule|packages\//.test(path));
    expect(others).toEqual([]);
    expect(closure(chunks, '/page.js').filter(hasGpujs)).toEqual([]);
  });

  test.each(['wasm', 'js', 'auto'])('under %s it is not fetched', async (device) => {
    const { page, withGpujs } = await open();
    const { w, kind } = await page.evaluate((device) => trained(device), device);
    expect(w).toBe(1.5);
    expect(kind).toBe(device === 'auto' ? 'wasm' : device);
    expect(withGpujs()).toEqual([]);
    await page.close();
  });

  test('a page without a GPU that asks for one is told so, without it', async () => {
    const { page, withGpujs } = await open(hideGpus);
    const refused = await page.evaluate(() => trained('gpu').catch(String));
    expect(refused).toContain('the device gpu cannot be had here');
    expect(withGpujs()).toEqual([]);
    await page.close();
  });

  test.each([
    ['no GPU', hideGpus, 'webgl2: this browser gives no webgl2'],
    // WebGL is drawn by the CPU in tests; WebGPU might be the machine's own.
    ['a GPU in software', hideWebGpu, /webgl2: .*imitates a GPU/],
  ])('large steps on a page with %s do not fetch it', async (_, before, reason) => {
    const { page, withGpujs } = await open(before);
    const { kind, refused } = await page.evaluate(() => looked());
    expect(kind).toBe('wasm');
    expect(refused.map(({ kind, why }) => `${kind}: ${why}`).join('\n')).toMatch(reason);
    expect(withGpujs()).toEqual([]);
    await page.close();
  });

  test('under webgl2 it is, and runs', async () => {
    const { page, withGpujs } = await open();
    expect(await page.evaluate(() => trained('webgl2'))).toEqual({ w: 1.5, kind: 'webgl2' });
    expect(withGpujs()).toEqual(chunks.filter(hasGpujs).map(({ path }) => path));
    await page.close();
  });
});
