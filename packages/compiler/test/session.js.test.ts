// The suite of every device, on the CPU.
import { describe } from 'vitest';
import { sessions } from './support/sessions.ts';

describe('js', () => sessions('js'));
