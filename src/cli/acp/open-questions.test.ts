import { expect, test } from "vitest";
import { OpenQuestions } from "./open-questions.ts";

function question(id: string) {
  const answer = Promise.withResolvers<boolean>();
  const signals: AbortSignal[] = [];
  return { id, answer, signals, ask: (signal: AbortSignal) => (signals.push(signal), answer.promise) };
}

test("acp.open-questions.Q1: a question is asked once, also after its answer while the run is read again", async () => {
  const questions = new OpenQuestions();
  const one = question("one");
  expect(questions.show([one])).toBe(true);
  expect(questions.show([one])).toBe(true);
  const { changed } = questions;
  one.answer.resolve(true);
  await changed;
  expect(questions.show([one])).toBe(true);
  expect(one.signals).toHaveLength(1);
});

test("acp.open-questions.Q2: what is no longer open is withdrawn, the rest is not", () => {
  const questions = new OpenQuestions();
  const [one, two] = [question("one"), question("two")];
  questions.show([one, two]);
  questions.show([two]);
  expect([one, two].map(({ signals }) => signals[0]?.aborted)).toEqual([true, false]);
  questions.close();
  expect(two.signals[0]?.aborted).toBe(true);
});

test("a question that was closed without an answer is left until it is forgiven", async () => {
  const questions = new OpenQuestions();
  const one = question("one");
  questions.show([one]);
  const { changed } = questions;
  one.answer.resolve(false);
  await changed;
  expect(questions.show([one])).toBe(false);
  questions.forgive();
  expect(questions.show([one])).toBe(true);
  expect(one.signals).toHaveLength(2);
});
