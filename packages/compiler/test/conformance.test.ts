// The suite of every backend, on the one that needs nothing.
import { describe } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import { conformance } from './support/conformance.ts';

describe('js', () => conformance(openJs));
