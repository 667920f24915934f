// Compares chainrule's numbers with those of other libraries, and with the truth: npm run numerics
// Writes docs/numerics.md and docs/accuracy.md, the same on every machine.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { composed, type Measured, primitive } from './accuracy/functions.ts';
import { measure } from './accuracy/measure.ts';
import { page as accuracyPage, type Found } from './accuracy/page.ts';
import { chainrule, interpreted } from './numerics/chainrule.ts';
import { ask, type Contender } from './numerics/contender.ts';
import { jax } from './numerics/jax.ts';
import { page } from './numerics/page.ts';
import { tensorflow } from './numerics/tfjs.ts';
import { second, stability } from './numerics/truth.ts';

/** Every 256th float32. */
const COUNT = 2 ** 15;

const column = async (contender: Contender) => ({
  ...contender,
  stability: await ask(contender, stability),
  second: await ask(contender, second),
});

async function found(functions: Readonly<Record<string, Measured>>): Promise<Found> {
  const entries = [];
  for (const [name, f] of Object.entries(functions)) {
    entries.push([name, await measure(f, COUNT, 'wasm')] as const);
  }
  return Object.fromEntries(entries);
}

function write(name: string, text: string): void {
  const file = fileURLToPath(new URL(`../../docs/${name}.md`, import.meta.url));
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}

write('accuracy', accuracyPage(COUNT, await found(primitive), await found(composed)));
const own = { ...(await column(chainrule)), float64: await column(interpreted) };
write('numerics', page([own, await column(await tensorflow()), await column(await jax())]));
