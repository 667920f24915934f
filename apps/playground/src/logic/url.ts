// An experiment as the fragment of an address, and back. Text from an address is only compared
// with what is known and clamped, never evaluated. Pure.
import { type Config, defaults, keys, sanitize } from './config.ts';

type Reader = (text: string) => unknown;
const asNumber: Reader = (text) => (text.trim() === '' ? undefined : Number(text));
const asText: Reader = (text) => text;
const asList: Reader = (text) => (text === '' ? [] : text.split(','));

const readers: Record<keyof Config, Reader> = {
  data: asText,
  count: asNumber,
  noise: asNumber,
  test: asNumber,
  features: asList,
  hidden: (text) => (asList(text) as string[]).map(Number),
  activation: asText,
  init: asText,
  seed: asNumber,
  optimizer: asText,
  rate: asNumber,
  batch: asNumber,
  speed: asText,
  device: asText,
};

/** The experiment that a fragment such as `#data=flower&hidden=4,3` describes. */
export function parseHash(hash: string): Config {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const raw: Partial<Record<keyof Config, unknown>> = {};
  for (const key of keys(readers)) {
    const text = given.get(key);
    if (text !== null) raw[key] = readers[key](text);
  }
  return sanitize(raw);
}

/** The fragment that `parseHash` reads back; choices left at their defaults are left out. */
export function formatHash(config: Config): string {
  const parts = keys(readers)
    .filter((key) => String(config[key]) !== String(defaults[key]))
    .map((key) => `${key}=${encodeURIComponent(String(config[key])).replaceAll('%2C', ',')}`);
  return parts.length > 0 ? `#${parts.join('&')}` : '';
}
