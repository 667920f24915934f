// The numbers of what is pointed at: weights, biases and their gradients.
import { featureNames, features } from '../logic/features.ts';
import { config, type Focus, focus, gradients, model, view } from '../state/store.ts';
import { short, subscript } from './format.ts';

/** What weight number `from` of a layer multiplies. */
function source(layer: number, from: number): string {
  if (layer > 1) return `unit ${from + 1}`;
  const chosen = featureNames.filter((name) => config.value.features.includes(name));
  return features[chosen[from]!]?.title ?? '';
}

/** `W[2]` for people; logistic regression has plain letters. */
const label = (name: string) => {
  const [, letter, layer] = /^([a-zA-Z]+)(\d*)$/.exec(name)!;
  return (
    <i>
      {letter}
      {layer && <sup>[{layer}]</sup>}
    </i>
  );
};

interface Row {
  readonly key: string;
  readonly name: string;
  readonly index: string;
  readonly of: string;
  readonly value: number | undefined;
  readonly slope: number | undefined;
}

function rowsOf({ layer, unit = 0, from }: Focus): Row[] {
  const at = model.value.layers[layer - 1];
  const params = view.value?.params;
  if (!at || !params) return [];
  const { weights, biases, inputs } = at;
  const slopes = gradients.value;
  const weight = (k: number): Row => ({
    key: `${k}`,
    name: weights,
    index: weights === 'w' ? subscript(k + 1) : `${subscript(unit + 1)} ${subscript(k + 1)}`,
    of: source(layer, k),
    value: params[weights]?.data[unit * inputs + k],
    slope: slopes?.[weights]?.data[unit * inputs + k],
  });
  if (from !== undefined) return [weight(from)];
  const bias: Row = {
    key: 'b',
    name: biases,
    index: biases === 'b' ? '' : subscript(unit + 1),
    of: 'bias',
    value: params[biases]?.data[unit],
    slope: slopes?.[biases]?.data[unit],
  };
  return [...Array.from({ length: inputs }, (_, k) => weight(k)), bias];
}

export function Inspector() {
  const at = focus.value;
  const rows = at && at.unit !== undefined ? rowsOf(at) : [];
  if (rows.length === 0) {
    return (
      <div class="inspector">
        <p class="note">
          Each map shows what a unit responds to over the plane. Point at a unit or a line, or move
          to a unit with the Tab key, to read weights and gradients.
        </p>
      </div>
    );
  }
  return (
    <div class="inspector">
      <ul>
        {rows.map(({ key, name, index, of, value, slope }) => (
          <li key={key}>
            <span class="note">{of}</span>
            <span>
              {label(name)}
              {index} = <b>{value === undefined ? '–' : short(value)}</b>
            </span>
            <span class="note">gradient {slope === undefined ? '–' : short(slope)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
