// Light or dark, as the system has it, and the colours for canvases.
import { computed, signal } from '@preact/signals';
import { colourTable, palettes, type Theme } from '../logic/palette.ts';

const dark = matchMedia('(prefers-color-scheme: dark)');
export const theme = signal<Theme>(dark.matches ? 'dark' : 'light');
dark.addEventListener('change', () => {
  theme.value = dark.matches ? 'dark' : 'light';
});

export const palette = computed(() => palettes[theme.value]);
export const colours = computed(() => colourTable(palette.value));
