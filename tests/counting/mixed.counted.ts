import { beforeAll, describe, expect, test } from 'vitest';

test('passes', () => {});
test('fails', () => expect(1).toBe(2));
test.skip('is skipped (its reason)', () => {});
test('skips itself', ({ skip }) => skip('no adapter'));
test.todo('is not written');
describe('a block', () => {
  beforeAll(() => {
    throw new Error('broken hook');
  });
  test('that never runs', () => {});
});
