import assert from "node:assert/strict";
import { test } from "node:test";
import * as words from "../../../python/cutaway/look/page/words.mjs";

const story = { sizes: [9, 4, 3], steps: [0, 1, 10, 3910], epochs: [0, 1, 1, 5], names: ["0", "1", "8"], shape: [3, 3] };
const known = { loss: null, accuracy: null, here: "" };

test("a moment has a name", () => {
  assert.equal(words.moment(story, 0), "before training");
  assert.equal(words.moment(story, 2), "mini-batch 10 of 3,910");
  assert.equal(words.moment(story, 2.5), "about mini-batch 1,960 of 3,910");
  assert.equal(words.moment({ ...story, steps: [0] }, 0), "a model as it is");
});

test("what was kept, what is between, and what is exact are told apart", () => {
  assert.match(words.timeSentence(story, 2, known), /rounded to 1\/127/);
  assert.match(words.timeSentence(story, 2.5, known), /Interpolated between mini-batches 10 and 3,910, not/);
  assert.equal(words.timeSentence(story, 3, known), "Mini-batch 3,910 of 3,910, epoch 5.");
});

test("numbers are exact where they are known", () => {
  const all = { loss: 0.1234, accuracy: { share: 0.9541, step: 3128 }, here: "93.2 % here" };
  assert.equal(
    words.timeSentence(story, 3, all),
    "Mini-batch 3,910 of 3,910, epoch 5; loss 0.123; 95.4 % of the validation set right after 3,128; 93.2 % here.",
  );
});

test("a number has two places and a minus of its own, but no zero has one", () => {
  assert.deepEqual([1.234, -0.5, -0.001].map(words.number), ["1.23", "−0.50", "0.00"]);
});

test("an answer is told with the next best, and whether it is right", () => {
  const outputs = [0.1, 0.7, 0.2];
  assert.equal(words.answerSentence(story.names, outputs, null), "It says 1: 0.70; next is 8 with 0.20.");
  assert.match(words.answerSentence(story.names, outputs, 1), /^It says 1, rightly/);
  assert.match(words.answerSentence(story.names, outputs, 2), /^It says 1, but it is 8/);
});

test("changes of opinion are told by mini-batch", () => {
  assert.equal(words.opinionSentence(story, [1, 1, 1, 1]), "It said 1 at every moment.");
  assert.equal(words.opinionSentence(story, [2, 2, 1, 1]), "It said 8 from 0, and has said 1 since mini-batch 10.");
  const many = { ...story, steps: [0, 1, 2, 3, 4, 5] };
  assert.match(words.opinionSentence(many, [0, 1, 0, 1, 0, 1]), /^It said … 0 from 2, 1 from 3, 0 from 4, and has said 1 since mini-batch 5/);
});

test("a unit is told by where it is excited, and what it speaks for", () => {
  const weights = Float32Array.of(2, 0, 0, 0, 0, 0, 0, 0, -1);
  const unit = { weights, votes: Float32Array.of(0, 1, -1), activations: null, first: true };
  assert.equal(
    words.unitSentence(story, "Neuron 5", unit),
    "Neuron 5: excited by the upper left, inhibited by the lower right, speaks for 1 and against 8.",
  );
  const edges = { ...unit, weights: Float32Array.of(0, 0, 0, -1, 0, 2, 0, 0, 0) };
  assert.match(words.unitSentence(story, "Neuron 5", edges), /excited by the right edge, inhibited by the left edge/);
  const wide = { ...story, shape: [6, 6] };
  const centre = Float32Array.from({ length: 36 }, (_, i) => ({ 14: 1, 15: -1 })[i] ?? 0);
  assert.match(words.unitSentence(wide, "Neuron 5", { ...unit, weights: centre }), /^Neuron 5: strongest, for and against, in the centre, speaks/);
  const none = { ...story, sizes: [9, 3] }; // hidden layers
  assert.match(words.unitSentence(none, "Class 1", unit), /^Class 1: excited by the upper left, inhibited by the lower right\.$/);
  const dead = { ...unit, first: false, activations: Float32Array.of(0.5, 0.501) };
  assert.equal(words.unitSentence(story, "Neuron 5", dead), "Neuron 5: speaks for 1 and against 8, says the same of all samples here.");
});

test("reasons and mistakes are told with their numbers", () => {
  const spoke = [{ name: "neuron 1", value: 2 }, { name: "neuron 2", value: -1 }];
  assert.equal(words.whySentence("7", "3", spoke), "For 7 and not for 3 spoke neuron 1 (+2.00); against it neuron 2 (−1.00).");
  assert.match(words.whySentence("7", null, spoke, "layer 2"), /^In layer 2, for 7 spoke neuron 1/);
  const counts = Int32Array.of(5, 0, 0, 0, 4, 2, 1, 0, 3);
  assert.equal(words.confusionSentence(story.names, counts, 12, 15), "12 of 15 samples are right; most often 1 is taken for 8 (2 times).");
});
