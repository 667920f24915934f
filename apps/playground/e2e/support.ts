// The built page, served as it will be published, in a real chromium; and what tests do with it.
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { type PreviewServer, preview } from 'vite';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { args, findChromium } from '../../../scripts/chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** One experiment on a fresh page. */
export interface Lab {
  readonly page: Page;
  /** Addresses that the page has asked for. */
  readonly requests: readonly string[];
  press(name: 'Play' | 'Pause' | 'Step' | 'Reset'): Promise<void>;
  choose(label: string, option: string): Promise<void>;
  /** A number of the bar on top. */
  figure(id: 'epoch' | 'step' | 'train-loss' | 'test-loss' | 'accuracy'): Promise<number>;
  /** The kind of device that runs. */
  device(): Promise<string>;
  /** The shapes beside the equations, by name. */
  shapes(): Promise<Record<string, string>>;
}

const MINUS = /−/g;

function labOf(page: Page, requests: readonly string[]): Lab {
  const figure = async (id: string) => {
    const text = await page.locator(`[data-figure="${id}"]`).textContent();
    return Number.parseFloat(text!.replaceAll(',', '').replaceAll(MINUS, '-'));
  };
  return {
    page,
    requests,
    press: (name) => page.getByRole('button', { name, exact: true }).click(),
    choose: async (label, option) => {
      await page.getByRole('combobox', { name: label }).selectOption({ label: option });
    },
    figure,
    device: async () => (await page.locator('[data-device]').getAttribute('data-device'))!,
    shapes: async () => {
      const lines = await page.locator('[data-equation]').all();
      const pairs = lines.map(async (line) => [
        await line.getAttribute('data-equation'),
        await line.locator('.shape').textContent(),
      ]);
      return Object.fromEntries(await Promise.all(pairs));
    },
  };
}

/** A browser for the tests of a file. Every page must log no error and leave its server alone. */
export function useLab() {
  let server: PreviewServer;
  let browser: Browser;
  let url: string;
  let problems: string[] = [];
  let pages: Page[] = [];
  beforeAll(async () => {
    server = await preview({ root, logLevel: 'silent', preview: { host: '127.0.0.1', port: 0 } });
    url = server.resolvedUrls!.local[0]!;
    const executablePath = findChromium();
    browser = await chromium.launch({ ...(executablePath && { executablePath }), args });
  });
  afterEach(async () => {
    const found = problems;
    problems = [];
    await Promise.all(pages.map((page) => page.context().close()));
    pages = [];
    expect(found).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  return async (hash = '', options: BrowserContextOptions = {}): Promise<Lab> => {
    const context = await browser.newContext({
      viewport: { width: 1400, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    pages.push(page);
    const requests: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (m) => {
      if (m.type() === 'error') problems.push(m.text());
    });
    page.on('request', (request) => {
      requests.push(request.url());
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) {
        problems.push(`the page asked for ${request.url()}`);
      }
    });
    await page.goto(url + hash);
    // Compiled, measured and drawn once.
    await page.locator('[data-figure="accuracy"]', { hasText: '%' }).waitFor();
    return labOf(page, requests);
  };
}
