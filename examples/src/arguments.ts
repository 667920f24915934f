// What the quick start takes on its command line, and what it says of a wrong word there.
import { parseArgs } from 'node:util';
import { DEVICES, type DeviceRequest } from '@chainrule/compiler';

export interface Settings {
  readonly device: DeviceRequest;
  readonly epochs: number;
  readonly seed: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** A word on the command line that cannot be used. */
export class ArgumentError extends Error {
  override name = 'ArgumentError';
}

interface Flag {
  readonly value?: string;
  readonly fallback: string;
  readonly text: string;
}

const flags = {
  device: { value: 'KIND', fallback: 'auto', text: `where to run: ${DEVICES.join(', ')}` },
  epochs: { value: 'N', fallback: '2', text: 'how often to go through the MNIST images' },
  seed: { value: 'N', fallback: '1', text: 'of the split, the first weights and the batches' },
  json: { fallback: 'no', text: 'print one JSON object on stdout and nothing else' },
  help: { fallback: 'no', text: 'print this' },
} satisfies Record<keyof Settings, Flag>;
const named: Readonly<Record<string, Flag>> = flags;
const names = Object.keys(flags)
  .map((name) => `--${name}`)
  .join(', ');

export const usage = [
  'npm run quickstart -- [options]',
  '',
  'Trains logistic regression on 455 tumours, and a 784-128-10 network on 60,000 digits.',
  '',
  ...Object.entries(named).map(([name, { value = '', fallback, text }]) => {
    const left = `--${name} ${value}`;
    return `  ${left.padEnd(14)} ${text}${value === '' ? '' : ` (default: ${fallback})`}`;
  }),
].join('\n');

/** @throws ArgumentError naming the flag, the value and the choices */
export function readArguments(args: readonly string[]): Settings {
  const given = readFlags(args);
  const value = (name: keyof Settings) => given.get(name) ?? flags[name].fallback;
  return {
    device: readDevice(value('device')),
    epochs: readInteger('epochs', value('epochs'), 1, 1000),
    seed: readInteger('seed', value('seed'), 0, 2 ** 32 - 1),
    json: given.has('json'),
    help: given.has('help'),
  };
}

/** The flags given, each with its text. Node splits the words; the errors are ours. */
function readFlags(args: readonly string[]): Map<string, string> {
  const options = Object.entries(named).map(([name, { value }]) => {
    return [name, { type: value === undefined ? 'boolean' : 'string' }] as const;
  });
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(options),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    const flag = token.kind === 'option' && Object.hasOwn(named, token.name) && named[token.name];
    if (token.kind === 'positional' || !flag) {
      const word = token.kind === 'option' ? token.rawName : `"${token.value}"`;
      throw new ArgumentError(`${word} is not a flag.\n  choose from: ${names}`);
    }
    if (flag.value === undefined && token.value !== undefined) {
      throw new ArgumentError(`--${token.name} takes no value, but "${token.value}" was given.`);
    }
    if (flag.value !== undefined && token.value === undefined) {
      throw new ArgumentError(`--${token.name} needs a value: ${flag.text}`);
    }
    given.set(token.name, token.value ?? '');
  }
  return given;
}

function readDevice(value: string): DeviceRequest {
  const device = DEVICES.find((kind) => kind === value);
  if (device !== undefined) return device;
  throw new ArgumentError(`--device cannot be "${value}".\n  choose from: ${DEVICES.join(', ')}`);
}

function readInteger(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return number;
  throw new ArgumentError(
    `--${name} cannot be "${value}".\n  choose from: whole numbers from ${least} to ${most}`,
  );
}
