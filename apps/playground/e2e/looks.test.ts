// The page for everyone: axe's rules, narrow windows, and the picture for the README.
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { useLab } from './support.ts';

const open = useLab();
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const folder = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 100 };

/** What axe finds serious, as text. */
async function violations(page: Page): Promise<string[]> {
  const results = await page.evaluate<AxeResults>('axe.run()');
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
    );
}

test.each([
  { colorScheme: 'light' as const, width: 1400 },
  { colorScheme: 'dark' as const, width: 1400 },
  { colorScheme: 'light' as const, width: 400 },
])('no serious barrier: %o', async ({ colorScheme, width }) => {
  const { page } = await open('', {
    colorScheme,
    viewport: { width, height: 900 },
    // The driver's script is no part of the page.
    bypassCSP: true,
  });
  await page.locator('.block math').first().waitFor();
  await page.getByRole('button', { name: 'Check this device' }).click();
  await page.locator('.verdict').waitFor();
  await page.addScriptTag({ path: axe });
  expect(await violations(page)).toEqual([]);
});

test.each([400, 700, 1000, 1400])('nothing sticks out at %i pixels', async (width) => {
  const { page } = await open('#hidden=8,8,8,8&optimizer=adam', {
    viewport: { width, height: 900 },
  });
  await page.locator('.block math').first().waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(width);
});

test('the picture of the README', async () => {
  const lab = await open('#data=spirals&noise=0.1&hidden=8,6&speed=full');
  await lab.press('Play');
  await expect.poll(() => lab.figure('accuracy'), PATIENCE).toBeGreaterThan(97);
  await lab.press('Pause');
  await lab.page.locator('.block math').first().waitFor();
  mkdirSync(folder('test-results'), { recursive: true });
  const path = folder('test-results/playground.png');
  const edge = await lab.page.locator('.mathematics').boundingBox();
  const height = Math.ceil(edge!.y + edge!.height + 14);
  await lab.page.setViewportSize({ width: 1400, height });
  await lab.page.screenshot({ path });
  // The committed picture changes only when asked, so that tests leave the tree clean.
  if (!process.env['CHAINRULE_SCREENSHOTS']) return;
  mkdirSync(folder('docs/images'), { recursive: true });
  copyFileSync(path, folder('docs/images/playground.png'));
});
