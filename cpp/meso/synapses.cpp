#include "meso/synapses.hpp"

#include "random/distributions.hpp"

namespace mesopop {

PopulationSynapses::PopulationSynapses(const LevelContext& context)
    : size_(static_cast<double>(context.population().size)), closure_(context.closure), noise_(context.noise) {
  const std::vector<StpSpec>& specs = context.network.stp;
  for (const std::size_t set : context.stp_sets) {
    sets_.push_back({Plasticity(specs[set], context.network.dt), initial_moments(specs[set])});
  }
  if (closure_ == Closure::first_order || noise_ == Noise::none) return;
  for_each_pair(sets_.size(), [&](std::size_t a, std::size_t b, std::size_t) {
    cross_.push_back(initial_cross_moments(specs[context.stp_sets[a]], specs[context.stp_sets[b]]));
  });
  if (!cross_.empty()) {
    set_lanes_.resize(sets_.size());
    pair_lanes_.resize(cross_.size());
    samples_.resize(sets_.size());
    after_.resize(sets_.size());
  }
}

void PopulationSynapses::relax() {
  for (Set& s : sets_) s.moments = relaxed(s.moments, s.plasticity, s.plasticity.decay_u, s.plasticity.decay_x);
  if (cross_.empty()) return;
  for_each_pair(sets_.size(), [&](std::size_t a, std::size_t b, std::size_t pair) {
    cross_[pair] = relaxed(cross_[pair], sets_[a].plasticity.decays(), sets_[b].plasticity.decays());
  });
}

void PopulationSynapses::release(double count, Stream& draws, double* release) {
  if (!cross_.empty()) return release_jointly(count, draws, release);
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    Set& set = sets_[s];
    if (closure_ == Closure::first_order) {
      release[s] = release_first_order(set, count);
      continue;
    }
    // Without noise the neurons that fire are the average of the population.
    Sample sample{set.moments, set.moments};
    if (noise_ != Noise::none) {
      const double zu = draw_normal(draws);
      const double zx = draw_normal(draws);
      sample = sampled(set.moments, size_, count, zu, zx);
    }
    release[s] = release_sample(set, count, sample);
  }
}

double PopulationSynapses::release_first_order(Set& set, double count) const {
  Moments& m = set.moments;
  const double fraction = count / size_;
  const double mean_release = m.u * m.x;
  m.u += fraction * set.plasticity.U * (1.0 - m.u);
  m.x -= fraction * set.plasticity.depletion * mean_release;
  return count * mean_release;
}

double PopulationSynapses::release_sample(Set& set, double count, const Sample& sample) const {
  set.moments = mixed(sample.remaining, after_spike(sample.drawn, set.plasticity), count / size_);
  return count * sample.drawn.release();
}

void PopulationSynapses::release_jointly(double count, Stream& draws, double* release) {
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    const Moments& m = sets_[s].moments;
    JointSetLanes<1>& lanes = set_lanes_[s];
    lanes.zu[0] = draw_normal(draws);
    lanes.zx[0] = draw_normal(draws);
    lanes.vu[0] = m.vu;
    lanes.vx[0] = m.vx;
    lanes.c[0] = m.c;
  }
  for (std::size_t p = 0; p < cross_.size(); ++p) {
    pair_lanes_[p].uu[0] = cross_[p].uu;
    pair_lanes_[p].ux[0] = cross_[p].ux;
    pair_lanes_[p].xu[0] = cross_[p].xu;
    pair_lanes_[p].xx[0] = cross_[p].xx;
  }
  const Division by = divided(size_, count);
  draw_jointly<1>(
      sets_.size(), &by.spread, [&](std::size_t s) -> JointSetLanes<1>& { return set_lanes_[s]; },
      [&](std::size_t p) -> JointPairLanes<1>& { return pair_lanes_[p]; });
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    samples_[s] = parted(sets_[s].moments, by, set_lanes_[s].du[0], set_lanes_[s].dx[0]);
    after_[s] = after_spike(samples_[s].drawn, sets_[s].plasticity);
  }
  const double fraction = count / size_;
  for_each_pair(sets_.size(), [&](std::size_t a, std::size_t b, std::size_t pair) {
    const Sample &of_a = samples_[a], &of_b = samples_[b];
    const CrossMoments after =
        after_spike(cross_[pair] * by.within, of_a.drawn, sets_[a].plasticity, of_b.drawn, sets_[b].plasticity);
    cross_[pair] = mixed(cross_[pair] * by.kept, means(of_a.remaining, of_b.remaining), after,
                         means(after_[a], after_[b]), fraction);
  });
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    sets_[s].moments = mixed(samples_[s].remaining, after_[s], fraction);
    release[s] = count * samples_[s].drawn.release();
  }
}

void PopulationSynapses::visit(StateVisitor& visitor, const std::string& prefix) {
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    const std::string name = prefix + "/stp/" + std::to_string(s);
    visitor.field(name + "/u", sets_[s].moments.u);
    visitor.field(name + "/x", sets_[s].moments.x);
    visitor.field(name + "/var_u", sets_[s].moments.vu);
    visitor.field(name + "/var_x", sets_[s].moments.vx);
    visitor.field(name + "/cov_ux", sets_[s].moments.c);
  }
  if (cross_.empty()) return;
  for_each_pair(sets_.size(), [&](std::size_t a, std::size_t b, std::size_t pair) {
    const std::string name = prefix + "/stp_pair/" + std::to_string(a) + "/" + std::to_string(b);
    visitor.field(name + "/cov_uu", cross_[pair].uu);
    visitor.field(name + "/cov_ux", cross_[pair].ux);
    visitor.field(name + "/cov_xu", cross_[pair].xu);
    visitor.field(name + "/cov_xx", cross_[pair].xx);
  });
}

}  // namespace mesopop
