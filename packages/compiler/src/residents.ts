// Parameters where they live between steps: on the device. It checks what is written to them.
import { type Data, FeedError, flatten, NameError, type Node } from '@chainrule/graph';
import type { Handle } from './device.ts';
import { allFinite } from './finite.ts';
import { sizeOf } from './nest.ts';
import { inOrder } from './reordered.ts';

/** A parameter on the device. */
export interface Resident {
  readonly node: Node;
  readonly shape: readonly number[];
  handle: Handle;
}

export type Residents = ReadonlyMap<string, Resident>;

/** The parameter of this name. @throws NameError that lists the names there are */
export function findResident(residents: Residents, name: string): Resident {
  const found = residents.get(name);
  if (found) return found;
  const names = [...residents.keys()].join(', ') || 'none';
  throw new NameError(`${name} is not a parameter; parameters: ${names}.`, `name one of these.`);
}

/** Checked values, row by row: copies or the caller's own arrays. @throws FeedError, NameError */
export function checkValues(
  residents: Residents,
  values: Readonly<Record<string, Data>>,
): Map<string, Float32Array> {
  const checked = Object.entries(values).map(([name, value]): [string, Float32Array] => {
    return [name, checkValue(name, findResident(residents, name).shape, value)];
  });
  return new Map(checked);
}

/** The data row by row, of the right size and finite. */
function checkValue(name: string, shape: readonly number[], value: Data): Float32Array {
  const flat = flatten({ name, shape, order: 'rows' }, value);
  const length = sizeOf(shape);
  const data = inOrder(flat, shape, 'rows');
  if (data.length !== length || (flat.shape && flat.shape.join() !== shape.join())) {
    const given = flat.shape ? `the shape [${flat.shape.join(', ')}]` : `${data.length} values`;
    throw new FeedError(
      `${name} is [${shape.join(', ')}], and the data have ${given}.`,
      `give ${length} values, row by row.`,
    );
  }
  if (allFinite(data)) return data;
  const bad = data.findIndex((x) => !Number.isFinite(x));
  throw new FeedError(
    `${name}: the value at index ${bad} is ${data[bad]}.`,
    `write finite numbers only.`,
  );
}

/** @throws NameError if a node depends on a parameter of another program */
export function checkResident(
  nodes: readonly Node[],
  residents: Residents,
  name: (n: Node) => string,
): void {
  for (const node of nodes) {
    if (node.op !== 'param' || residents.get(name(node))?.node === node) continue;
    throw new NameError(
      `${name(node)} is not a parameter of this session.`,
      'ask for nodes of the program that was compiled.',
    );
  }
}
