// Rules are made when they are looked at: what a graph becomes does not depend on those before.
import { expect, test, vi } from 'vitest';
import type { Node } from '../src/index.ts';

/** The library as it is in a new process. */
async function fresh() {
  vi.resetModules();
  const [graph, { allRules }] = await Promise.all([
    import('../src/index.ts'),
    import('../src/rewrite/rules.ts'),
  ]);
  return { ...graph, allRules };
}
type Library = Awaited<ReturnType<typeof fresh>>;

/** What becomes of a rule's left side, alone and as a part of more. */
function formsOf({ print, simplify, allRules, add, exp, mul, sub }: Library, name: string) {
  const { left } = allRules().find((rule) => rule.name === name)!;
  const uses: readonly ((x: Node) => Node)[] = [
    (x) => x,
    (x) => sub(2, mul(5, x)),
    (x) => exp(add(x, mul(3, x))),
  ];
  // With a trace nothing is taken from what was simplified before.
  return uses.map((use) => print(simplify(use(left), [])));
}

test('in a new process rules do what they do where all are met', async () => {
  const all = await fresh();
  for (const { left } of all.allRules()) all.simplify(left);
  for (const { name } of all.allRules()) {
    expect([name, ...formsOf(await fresh(), name)]).toEqual([name, ...formsOf(all, name)]);
  }
});
