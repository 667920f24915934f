// The browser of the GPU bench and its pages: bundled and served as they would be published. It
// must not know what is measured.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { type AliasOptions, build, type Rolldown } from 'vite';
import { args, findChromium } from '../../../scripts/chromium.mjs';

type Files = ReadonlyMap<string, string | Uint8Array>;

const HTML =
  '<!doctype html><title>GPU bench</title><script type="module" src="/page.js"></script>';
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '': 'text/html' };
/** The same as the playground's: clocks of isolated pages are finer. */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Bundles page.ts. @param alias where our packages are, unless as they are built */
async function bundle(alias: AliasOptions): Promise<Files> {
  const { output } = (await build({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'error',
    resolve: { alias },
    build: {
      target: 'es2022',
      write: false,
      // The libraries are as large as they are.
      chunkSizeWarningLimit: 10_000,
      rolldownOptions: { input: 'page.ts', output: { entryFileNames: 'page.js' } },
    },
  })) as Rolldown.RolldownOutput;
  const files = output.map((file) => {
    return [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source] as const;
  });
  return new Map([['/', HTML], ...files]);
}

/** Serves files on a free port of this machine. */
async function serve(files: Files): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url!, 'http://localhost');
    const file = files.get(pathname);
    const type = TYPES[extname(pathname)] ?? 'text/plain';
    response.writeHead(file === undefined ? 404 : 200, { ...HEADERS, 'Content-Type': type });
    response.end(file);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

/** The page, ready to be opened in any number of browsers. */
export interface Site {
  /** A new browser: nothing of an earlier one is left, such as compiled shaders. */
  readonly browser: () => Promise<Lab>;
  readonly close: () => void;
}

export interface Lab {
  readonly version: string;
  /** A page of its own, which shares with others no more than pages of strangers do. */
  readonly open: (options?: { readonly counted?: boolean }) => Promise<Page>;
  readonly close: () => Promise<void>;
}

export async function openSite(alias: AliasOptions = []): Promise<Site> {
  const server = await serve(await bundle(alias));
  const { port } = server.address() as AddressInfo;
  const executablePath = findChromium();
  return {
    browser: async () => {
      // A browser that is ended alone would be reported as failures of all that it had to do.
      const options = { args, handleSIGTERM: false, ...(executablePath && { executablePath }) };
      return labOf(await chromium.launch(options), `http://127.0.0.1:${port}/`);
    },
    close: () => void server.close(),
  };
}

const labOf = (browser: Browser, url: string): Lab => ({
  version: `Chromium ${browser.version()}`,
  open: async ({ counted = false } = {}) => {
    const page = await browser.newPage();
    await page.goto(counted ? `${url}?count` : url);
    await page.waitForFunction(() => 'bench' in globalThis);
    return page;
  },
  close: () => browser.close(),
});
