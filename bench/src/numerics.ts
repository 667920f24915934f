// Compares chainrule's numbers with those of other libraries: npm run numerics
// Writes docs/numerics.md, the same on every machine.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chainrule, interpreted } from './numerics/chainrule.ts';
import { ask, type Contender } from './numerics/contender.ts';
import { jax } from './numerics/jax.ts';
import { page } from './numerics/page.ts';
import { tensorflow } from './numerics/tfjs.ts';
import { second, stability } from './numerics/truth.ts';

const column = async (contender: Contender) => ({
  ...contender,
  stability: await ask(contender, stability),
  second: await ask(contender, second),
});

const own = { ...(await column(chainrule)), float64: await column(interpreted) };
const columns = [own, await column(await tensorflow()), await column(await jax())];
const file = fileURLToPath(new URL('../../docs/numerics.md', import.meta.url));
writeFileSync(file, page(columns));
console.log(`wrote ${file}`);
