// Steps of the optimizer: learn(), as the fast path plans them or layer by layer, and update(). In:
// what was loaded, an order and its rates; or gradients. Out: updated weights, on the device, and
// the losses.

#include <algorithm>
#include <climits>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cuda/cuda_core.h"
#include "cuda/kernels/launch.h"

namespace cutaway::cuda {
namespace {

constexpr int64_t kRecorded = 8;  // steps that are replayed at once; fewer are launched one by one

Rule rule_of(const Optimizer& o) {
  const auto f = [](double value) { return static_cast<float>(value); };
  return {o.kind == Optimizer::Kind::adam,
          f(o.momentum),
          f(o.weight_decay),
          f(1 - o.beta1),
          f(1 - o.beta2),
          f(o.eps)};
}

Rates rates_of(const Optimizer& o, float rate, int64_t step) {
  if (o.kind != Optimizer::Kind::adam) return {rate, 0};
  const double t = static_cast<double>(step);
  return {static_cast<float>(rate / (1 - std::pow(o.beta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(o.beta2, t)))};
}

}  // namespace

bool CudaCore::learn(std::span<const int64_t> order, int64_t batch, std::span<const float> rates,
                     std::span<float> losses, const Interrupted& interrupted) {
  const Guard guard(*this);
  const int64_t n = static_cast<int64_t>(order.size());
  const int64_t steps = check_order(order, image_count_, batch, rates.size(), losses.size());
  correct_ = 0;
  if (steps == 0) return true;
  const int64_t rows = std::min(batch, n);
  if (rows > INT_MAX) throw std::invalid_argument("learn: a mini-batch has too many samples");

  Epoch job;
  bool together = false;
  with_room([&] {
    reserve_order(n, steps);
    together = plan(job, batch);
    if (!together) reserve_to_learn(rows);
  });
  const std::vector<int> numbers(order.begin(), order.end());
  upload(order_, numbers.data(), n);
  std::vector<Rates> now;  // of every step
  for (int64_t s = 0; s < steps; ++s)
    now.push_back(rates_of(optimizer_, rates[static_cast<std::size_t>(s)], step_ + s + 1));
  upload(rates_, now.data(), steps);

  if (together) {
    job.order = order_.data();
    job.rates = rates_.data();
    job.sample_losses = sample_losses_.data();
    job.sample_correct = sample_correct_.data();
    job.n = n;
  } else {
    device_->clear(clock_.data(), clock_.bytes());
  }
  const double work = 6 * weight_count() * static_cast<double>(rows);  // of a step
  const auto at_once = static_cast<int64_t>(std::max(1.0, choices_.patience / work));
  const int64_t full = n / batch;  // the last mini-batch may be short
  int64_t done = 0;
  while (done < steps) {
    const int64_t last = std::min(done + at_once, steps);
    if (together) {
      job.first = done;
      job.last = last;
      device_->run(job);
    } else {
      replay_step(batch, static_cast<int>(rows), std::min(last, full) - done);
      if (last > full) replay_step(batch, static_cast<int>(n - full * batch), 1);
    }
    done = last;
    if (done == steps) break;
    device_->wait();
    if (interrupted()) break;
  }
  step_ += done;
  run_tally(n, batch, done, losses);
  return done == steps;
}

void CudaCore::update(std::span<const float* const> gradients, float rate) {
  const Guard guard(*this);
  if (gradients.size() != layers_.size())
    throw std::invalid_argument("update: one gradient per layer");
  with_room([&] { reserve_gradients(); });
  const Rates rates = rates_of(optimizer_, rate, step_ + 1);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    upload(layer.gradient, gradients[l], layer.gradient.size());
    device_->run(ApplyGradient{.gradient = layer.gradient.data(),
                               .weights = layer.weights.data(),
                               .memory = {layer.memory[0].data(), layer.memory[1].data()},
                               .rule = rule_of(optimizer_),
                               .rates = rates,
                               .count = layer.weights.size()});
  }
  device_->wait();
  ++step_;
}

// How the network's one hidden layer is shared among blocks, if it is and they fit. How many units
// a block has follows from the width alone, so that all batches of a network give the same bits.
bool CudaCore::plan(Epoch& job, int64_t batch) {
  const int ranks = device_->limits().ranks;
  if (!choices_.fast || ranks == 0 || architecture_.layers() != 2 || !images_.bytes) return false;
  const int hidden = layers_[0].fan_out;
  job = {};
  for (const int units : {16, 8, 4})
    for (int blocks = 1; blocks <= ranks; blocks *= 2)
      if (blocks * int64_t{units} >= hidden) {
        job.units = units;
        job.ranks = blocks;
        break;
      }
  if (job.units == 0 || batch > kMostRows) return false;
  job.images = images_.bytes;
  job.pitch = images_.pitch;
  job.mean = images_.mean;
  job.inverse_std = images_.inverse_std;
  job.labels = labels_.data();
  for (int l = 0; l < 2; ++l) {
    Layer& layer = layers_[static_cast<std::size_t>(l)];
    job.weights[l] = layer.weights.data();
    job.memory[l] = {layer.memory[0].data(), layer.memory[1].data()};
  }
  job.rule = rule_of(optimizer_);
  job.activation = layers_[0].activation;
  job.output = loss_settings();
  job.features = layers_[0].fan_in;
  job.hidden = hidden;
  job.batch = batch;
  job.cluster = device_->limits().cluster;

  const auto known = plans_.find(batch);
  if (known != plans_.end()) {
    job.stages = known->second;
  } else {
    job.stages = 2;
    while (job.stages > 0 && !device_->fits(job)) --job.stages;
    plans_[batch] = job.stages;
  }
  if (job.stages == 0) return false;
  if (!job.cluster) {
    job.mail_floats = Mailbox(job).floats;
    mail_.grow(*device_, job.ranks * job.mail_floats);
    job.mail = mail_.data();
  }
  return true;
}

// A step of so many rows, `times` times; the device counts which it is.
void CudaCore::replay_step(int64_t batch, int rows, int64_t times) {
  const std::pair key{batch, rows};
  auto found = recordings_.find(key);
  if (found == recordings_.end() && times > kRecorded) {
    run_step(batch, rows);  // loads the kernels, which must not happen within a recording
    --times;
    found = recordings_
                .emplace(key, device_->record([&] {
                  for (int64_t i = 0; i < kRecorded; ++i) run_step(batch, rows);
                }))
                .first;
  }
  if (found != recordings_.end())
    for (; times >= kRecorded; times -= kRecorded) found->second->replay();
  for (; times > 0; --times) run_step(batch, rows);
}

void CudaCore::run_step(int64_t batch, int rows) {
  Clock* const clock = clock_.data();
  const Place before{&clock->forward, batch};
  device_->run(Gather{images_, order_.data(), before, x_.data(), rows, layers_.front().fan_in});
  run_forward(x_.data(), rows, Activation::identity);
  run_loss(labels_.data(), order_.data(), before, clock, rows, layers_.back().delta.data());
  for (int64_t l = architecture_.layers() - 1; l >= 0; --l) {
    if (l > 0) run_backprop(l, rows);
    Update job = update_of(l, x_.data(), rows);
    Layer& layer = layers_[static_cast<std::size_t>(l)];
    job.weights = layer.weights.data();
    job.memory = {layer.memory[0].data(), layer.memory[1].data()};
    job.rule = rule_of(optimizer_);
    job.rates = rates_.data();
    job.clock = clock;
    device_->run(job);
  }
}

// The output gets this activation instead of its own: its z, if somebody else completes it.
void CudaCore::run_forward(const float* x, int rows, Activation output) {
  for (Layer& layer : layers_) {
    const bool last = &layer == &layers_.back();
    device_->run(Forward{x, layer.weights.data(), layer.a.data(), last ? output : layer.activation,
                         rows, layer.fan_in, layer.fan_out});
    x = layer.a.data();
  }
}

LossSettings CudaCore::loss_settings() const {
  return {layers_.back().activation, architecture_.loss, layers_.back().fan_out,
          architecture_.mean};
}

void CudaCore::run_loss(const int* labels, const int* order, const Place& place, Clock* clock,
                        int rows, float* delta) {
  device_->run(OutputLoss{loss_settings(), layers_.back().a.data(), delta, labels, order, place,
                          clock, sample_losses_.data(), sample_correct_.data(), rows});
}

void CudaCore::run_backprop(int64_t layer, int rows) {
  Layer& above = layers_[static_cast<std::size_t>(layer)];
  Layer& below = layers_[static_cast<std::size_t>(layer - 1)];
  device_->run(Backprop{above.delta.data(), above.weights.data(), below.a.data(),
                        below.delta.data(), below.activation, rows, above.fan_in, above.fan_out});
}

Update CudaCore::update_of(int64_t layer, const float* x, int rows) const {
  const Layer& l = layers_[static_cast<std::size_t>(layer)];
  Update job{};
  job.x = layer == 0 ? x : layers_[static_cast<std::size_t>(layer - 1)].a.data();
  job.delta = l.delta.data();
  job.rows = rows;
  job.fan_in = l.fan_in;
  job.fan_out = l.fan_out;
  return job;
}

void CudaCore::run_tally(int64_t n, int64_t batch, int64_t steps, std::span<float> losses) {
  device_->run(Tally{sample_losses_.data(), sample_correct_.data(), n, batch, steps,
                     architecture_.mean, summaries_.data()});
  std::vector<Summary> summaries(static_cast<std::size_t>(steps));
  device_->download(summaries.data(), summaries_.data(), summaries.size() * sizeof(Summary));
  for (std::size_t s = 0; s < summaries.size(); ++s) {
    losses[s] = summaries[s].loss;
    correct_ += summaries[s].correct;
  }
}

}  // namespace cutaway::cuda
