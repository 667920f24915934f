// Labelled native controls.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface SelectProps<T extends string | number> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChoose: (value: T) => void;
}

export function Select<T extends string | number>(props: SelectProps<T>) {
  const { label, value, options, onChoose } = props;
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={String(value)}
        onChange={(event) => {
          const chosen = options.find(([v]) => String(v) === event.currentTarget.value);
          if (chosen) onChoose(chosen[0]);
        }}
      >
        {options.map(([v, title]) => (
          <option key={v} value={String(v)}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly shown: string;
  readonly range: { readonly min: number; readonly max: number; readonly step: number };
  readonly onChoose: (value: number) => void;
}

export function Slider({ label, value, shown, range, onChoose }: SliderProps) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id}>
        {label} <output for={id}>{shown}</output>
      </label>
      <input
        id={id}
        type="range"
        {...range}
        value={value}
        aria-valuetext={shown}
        onInput={(event) => onChoose(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

interface PanelProps {
  readonly title: string;
  readonly class?: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A titled part of the page. */
export function Panel({ title, aside, children, ...rest }: PanelProps) {
  const id = useId();
  return (
    <section class={`panel ${rest.class ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
