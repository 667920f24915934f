import { DEVICES } from '@chainrule/compiler';
import { describe, expect, test } from 'vitest';
import { ArgumentError, readArguments, usage } from '../src/arguments.ts';

describe('the arguments of the quick start', () => {
  test('have defaults', () => {
    expect(readArguments([])).toEqual({
      device: 'auto',
      epochs: 2,
      seed: 1,
      json: false,
      help: false,
    });
  });

  test('are read in both spellings', () => {
    expect(readArguments(['--device=js', '--epochs', '3', '--seed=0', '--json'])).toEqual({
      device: 'js',
      epochs: 3,
      seed: 0,
      json: true,
      help: false,
    });
    expect(readArguments(['--help']).help).toBe(true);
    for (const device of DEVICES) expect(readArguments(['--device', device]).device).toBe(device);
  });

  test.each([
    [['--device', 'tpu'], '--device cannot be "tpu".\n  choose from: auto, gpu, webgpu,'],
    [['--device'], '--device needs a value'],
    [['--epochs', '0'], '--epochs cannot be "0".\n  choose from: whole numbers from 1'],
    [['--epochs', '1.5'], '--epochs cannot be "1.5"'],
    [['--epochs=-2'], '--epochs cannot be "-2"'],
    [['--epochs', '--json'], '--epochs'],
    [['--seed', 'x'], '--seed cannot be "x".\n  choose from: whole numbers from 0 to 4294967295'],
    [['--seed='], '--seed cannot be ""'],
    [['--json=yes'], '--json takes no value, but "yes" was given'],
    [['--speed', '3'], '--speed is not a flag.\n  choose from: --device, --epochs, --seed,'],
    [['-d', 'js'], '-d is not a flag'],
    [['js'], '"js" is not a flag'],
    [['--constructor'], '--constructor is not a flag'],
  ])('%j is refused', (args, expected) => {
    expect(() => readArguments(args)).toThrow(ArgumentError);
    expect(() => readArguments(args)).toThrow(expected);
  });

  test('are listed by the help', () => {
    for (const word of [
      '--device KIND',
      '--epochs N',
      '--seed N',
      '--json',
      '--help',
      'headlessgl',
    ]) {
      expect(usage).toContain(word);
    }
  });
});
