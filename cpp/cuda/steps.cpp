// Steps of the optimizer: learn(), as plan.h plans them or layer by layer, and update(). In:
// what was loaded, an order and its rates; or gradients. Out: updated weights, on the device, and
// the losses.

#include <algorithm>
#include <climits>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cuda/cuda_core.h"
#include "cuda/kernels/launch.h"

namespace cutaway::cuda {
namespace {

// A small step's time goes in waiting: for the kernel before, or for the other blocks. At best 2 us
// each time, in which a GPU that is poorly used does so many FLOPs.
constexpr double kWait = 8e5;
constexpr int64_t kWaits = 2;  // of a step of the fast path

constexpr int64_t kRecorded = 8;  // steps that are replayed at once; fewer are launched one by one

Rule rule_of(const Optimizer& o) {
  const auto f = [](double value) { return static_cast<float>(value); };
  return {.adam = o.kind == Optimizer::Kind::adam,
          .momentum = f(o.momentum),
          .weight_decay = f(o.weight_decay),
          .gain1 = f(1 - o.beta1),
          .gain2 = f(1 - o.beta2),
          .eps = f(o.eps)};
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
  batch_ = batch;
  const int64_t rows = std::min(batch, n);
  if (rows > INT_MAX) throw std::invalid_argument("learn: a mini-batch has too many samples");

  std::optional<Epoch> epoch;  // or layer by layer
  with_room([&] {
    reserve_order(n, steps);
    const Plan& way = plan(batch);
    if (!way.why_not.empty()) {
      reserve_to_learn(rows);
      return;
    }
    epoch = epoch_of(way, n, batch);
    if (epoch->cluster) return;
    epoch->mail_floats = Mailbox(*epoch).floats;
    mail_.grow(*device_, epoch->ranks * epoch->mail_floats);
    epoch->mail = mail_.data();
  });
  const std::vector<int> numbers(order.begin(), order.end());
  upload(order_, numbers.data(), n);
  std::vector<Rates> now;  // of every step
  for (int64_t s = 0; s < steps; ++s)
    now.push_back(rates_of(optimizer_, rates[static_cast<std::size_t>(s)], step_ + s + 1));
  upload(rates_, now.data(), steps);

  if (!epoch) device_->clear(clock_.data(), clock_.bytes());
  const int64_t waits = epoch ? kWaits : 3 * architecture_.layers() + 1;
  const double work =  // of a step
      6 * weight_count() * static_cast<double>(rows) + kWait * static_cast<double>(waits);
  const auto at_once = static_cast<int64_t>(std::max(1.0, choices_.patience / work));
  const int64_t full = n / batch;  // the last mini-batch may be short
  int64_t done = 0;
  while (done < steps) {
    const int64_t last = std::min(done + at_once, steps);
    if (epoch) {
      epoch->first = done;
      epoch->last = last;
      device_->run(*epoch);
    } else {
      replay_step(batch, static_cast<int>(rows), std::min(last, full) - done);
      if (last > full) replay_step(batch, static_cast<int>(n - full * batch), 1);
    }
    step_ += last - done;
    done = last;
    if (done == steps) break;
    device_->wait();
    if (interrupted()) break;
  }
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
                               .memory = layer.remembered(),
                               .rule = rule_of(optimizer_),
                               .rates = rates,
                               .count = layer.weights.size()});
  }
  device_->wait();
  ++step_;
}

// Values from one image to the next, if they are bytes or floats. The fast path's are padded; see
// Epoch.
int64_t CudaCore::pitch_of(bool bytes) const {
  const int64_t features = architecture_.sizes.front();
  if (!bytes || !choices_.fast || architecture_.layers() != 2) return features;
  return ((features + kPiecePixels - 1) / kPiecePixels | 1) * kPiecePixels;
}

// Which way such mini-batches go. Before anything was loaded, pixels are expected.
const Plan& CudaCore::plan(int64_t batch) {
  const auto known = plans_.find(batch);
  if (known != plans_.end()) return known->second;
  Plan found{.why_not = why_layer_by_layer(batch)};
  if (found.why_not.empty()) {
    found.ranks = team_->ranks;
    found.units = team_->units;
    found = plan_for(epoch_of(found, batch, batch), device_->limits().shared);
  }
  return plans_[batch] = found;
}

std::string CudaCore::why_layer_by_layer(int64_t batch) {
  if (!choices_.fast) return "off";
  if (architecture_.layers() != 2) return "depth";
  if (images_.floats) return "floats";
  if (batch > kMostRows) return "batch";
  if (device_->limits().ranks == 0) return "device";
  if (!team_) team_ = team_for(*device_, epoch_of({}, batch, batch));
  if (team_->ranks == 0) return team_->refused.empty() ? "width" : "refused";
  return {};
}

// The steps of an order of n samples as one launch.
Epoch CudaCore::epoch_of(const Plan& plan, int64_t n, int64_t batch) {
  const Layer &hidden = layers_[0], &output = layers_[1];
  return {.images = images_.bytes,
          .pitch = pitch_of(true),
          .mean = images_.mean,
          .inverse_std = images_.inverse_std,
          .tf32 = choices_.tf32,
          .labels = labels_.data(),
          .order = order_.data(),
          .n = n,
          .batch = batch,
          .rates = rates_.data(),
          .sample_losses = sample_losses_.data(),
          .sample_correct = sample_correct_.data(),
          .features = hidden.fan_in,
          .hidden = hidden.fan_out,
          .weights = {hidden.weights.data(), output.weights.data()},
          .memory = {hidden.remembered(), output.remembered()},
          .rule = rule_of(optimizer_),
          .activation = hidden.activation,
          .output = loss_settings(),
          .ranks = plan.ranks,
          .units = plan.units,
          .group = plan.group,
          .stages = plan.stages,
          .cluster = device_->limits().cluster,
          .counted = device_->limits().counted};
}

// A step of so many rows, `times` times; the device counts which it is.
void CudaCore::replay_step(int64_t batch, int rows, int64_t times) {
  const std::pair key{batch, rows};
  auto found = recordings_.find(key);
  if (found == recordings_.end() && times > kRecorded && !device_->blocking()) {
    run_step(batch, rows);  // loads the kernels, which must not happen within a recording
    --times;
    try {
      auto recording = device_->record([&] {
        for (int64_t i = 0; i < kRecorded; ++i) run_step(batch, rows);
      });
      found = recordings_.emplace(key, std::move(recording)).first;
    } catch (const Fault& fault) {  // without room for it, steps are launched one by one
      if (fault.code() != "OUT_OF_MEMORY") throw;
    }
  }
  if (found != recordings_.end())
    for (; times >= kRecorded; times -= kRecorded) found->second->replay();
  for (; times > 0; --times) run_step(batch, rows);
}

void CudaCore::run_step(int64_t batch, int rows) {
  Clock* const clock = clock_.data();
  const Place before{&clock->forward, batch};
  device_->run(Gather{.images = images_,
                      .order = order_.data(),
                      .place = before,
                      .x = x_.data(),
                      .rows = rows,
                      .features = layers_.front().fan_in});
  run_forward(x_.data(), rows, Activation::identity);
  OutputLoss output = loss_of(labels_.data(), rows);
  output.delta = layers_.back().delta.data();
  output.order = order_.data();
  output.place = before;
  output.clock = clock;
  device_->run(output);
  for (int64_t l = architecture_.layers() - 1; l >= 0; --l) {
    if (l > 0) run_backprop(l, rows);
    Update job = update_of(l, x_.data(), rows);
    const Layer& layer = layers_[static_cast<std::size_t>(l)];
    job.weights = layer.weights.data();
    job.memory = layer.remembered();
    job.rule = rule_of(optimizer_);
    job.rates = rates_.data();
    job.clock = clock;
    device_->run(job);
  }
}

// The output gets this activation instead of its own: its z, if somebody else completes it.
void CudaCore::run_forward(const float* x, int rows, Activation output) {
  for (const Layer& layer : layers_) {
    const bool last = &layer == &layers_.back();
    device_->run(Forward{.x = x,
                         .weights = layer.weights.data(),
                         .a = layer.a.data(),
                         .activation = last ? output : layer.activation,
                         .rows = rows,
                         .fan_in = layer.fan_in,
                         .fan_out = layer.fan_out,
                         .tf32 = choices_.tf32});
    x = layer.a.data();
  }
}

LossSettings CudaCore::loss_settings() const {
  return {.activation = layers_.back().activation,
          .loss = architecture_.loss,
          .classes = layers_.back().fan_out,
          .mean = architecture_.mean};
}

OutputLoss CudaCore::loss_of(const int* labels, int rows) const {
  return {.output = loss_settings(),
          .z = layers_.back().a.data(),
          .labels = labels,
          .sample_losses = sample_losses_.data(),
          .sample_correct = sample_correct_.data(),
          .rows = rows};
}

void CudaCore::run_backprop(int64_t layer, int rows) {
  const Layer& above = layers_[static_cast<std::size_t>(layer)];
  const Layer& below = layers_[static_cast<std::size_t>(layer - 1)];
  device_->run(Backprop{.delta = above.delta.data(),
                        .weights = above.weights.data(),
                        .a_below = below.a.data(),
                        .delta_below = below.delta.data(),
                        .activation_below = below.activation,
                        .rows = rows,
                        .fan_in = above.fan_in,
                        .fan_out = above.fan_out,
                        .tf32 = choices_.tf32});
}

Update CudaCore::update_of(int64_t layer, const float* x, int rows) const {
  const Layer& l = layers_[static_cast<std::size_t>(layer)];
  return {.x = layer == 0 ? x : layers_[static_cast<std::size_t>(layer - 1)].a.data(),
          .delta = l.delta.data(),
          .rows = rows,
          .fan_in = l.fan_in,
          .fan_out = l.fan_out,
          .tf32 = choices_.tf32};
}

Info CudaCore::info() {
  const Guard guard(*this);
  with_room([&] { plan(batch_); });
  return {.limits = device_->limits(),
          .batch = batch_,
          .plan = plan(batch_),
          .refused = team_ ? team_->refused : std::vector<std::string>{},
          .launches = device_->launches().counts()};
}

void CudaCore::run_tally(int64_t n, int64_t batch, int64_t steps, std::span<float> losses) {
  device_->run(Tally{.sample_losses = sample_losses_.data(),
                     .sample_correct = sample_correct_.data(),
                     .n = n,
                     .batch = batch,
                     .steps = steps,
                     .mean = architecture_.mean,
                     .summaries = summaries_.data()});
  std::vector<Summary> summaries(static_cast<std::size_t>(steps));
  device_->download(summaries.data(), summaries_.data(), summaries.size() * sizeof(Summary));
  for (std::size_t s = 0; s < summaries.size(); ++s) {
    losses[s] = summaries[s].loss;
    correct_ += summaries[s].correct;
  }
}

}  // namespace cutaway::cuda
