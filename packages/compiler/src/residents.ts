// Parameters where they live between steps: on the device. It checks what is written to them.
import {
  type Data,
  FeedError,
  type Flat,
  flatten,
  NameError,
  type Node,
  toRowMajor,
} from '@chainrule/graph';
import type { Device, Handle } from './device.ts';
import { allFinite } from './feeds.ts';
import { sizeOf } from './nest.ts';

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

/** Replaces parameters; nothing changes unless everything fits. @throws FeedError, NameError */
export function writeAll(
  device: Device,
  residents: Residents,
  values: Readonly<Record<string, Data>>,
): void {
  const checked = Object.entries(values).map(([name, value]) => {
    const resident = findResident(residents, name);
    return { resident, data: checkValue(name, resident.shape, value) };
  });
  for (const { resident, data } of checked) {
    // First, so that the new values find the room of the old ones.
    device.free(resident.handle);
    resident.handle = device.upload(data, resident.shape, 'rows');
  }
}

/** A copy of its own, row by row. */
const copied = ({ data, order = 'rows' }: Flat, shape: readonly number[]): Float32Array =>
  data instanceof Float32Array && order === 'rows'
    ? data.slice()
    : new Float32Array(toRowMajor(order, shape, data));

/** A copy of the data, of the right size and finite. */
function checkValue(name: string, shape: readonly number[], value: Data): Float32Array {
  const flat = flatten({ name, shape, order: 'rows' }, value);
  const length = sizeOf(shape);
  const data = copied(flat, shape);
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
