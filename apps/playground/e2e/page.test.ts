// The built page, served as it will be published, in a real chromium: it starts and logs no error.
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright';
import { type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { args, findChromium } from '../../../scripts/chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
let server: PreviewServer;
let browser: Browser;
let url: string;

beforeAll(async () => {
  server = await preview({ root, logLevel: 'silent', preview: { host: '127.0.0.1', port: 0 } });
  url = server.resolvedUrls!.local[0]!;
  const executablePath = findChromium();
  browser = await chromium.launch({ ...(executablePath && { executablePath }), args });
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test('the page starts and logs no error', async () => {
  const page = await browser.newPage({ viewport: { width: 1024, height: 768 } });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(url);
  await page.locator('#app > *').first().waitFor();
  expect(problems).toEqual([]);
});
