#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace tapedeck::net {

/// Many deadlines on one timer: a wheel of slots of 50 ms. Moving a deadline further away, the usual case, costs one
/// store. A deadline fires up to two slots late, never early. One thread.
class DeadlineWheel {
 public:
  static constexpr Duration kSlot = std::chrono::milliseconds(50);

  /// A member of what has a deadline. Leaves the wheel with its owner.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual ~Entry() { unlink(); }
    /// The deadline has passed; it is no longer set.
    virtual void due(MonoTime now) = 0;

   private:
    friend DeadlineWheel;
    void unlink();
    std::optional<MonoTime> x_due;
    std::uint64_t x_slot = 0;  // absolute number of the slot it stands in
    Entry* x_next = nullptr;
    Entry** x_link = nullptr;  // what points to this; null: not in a wheel
  };

  explicit DeadlineWheel(MonoTime start);

  void set(Entry& entry, MonoTime due);
  void clear(Entry& entry) { entry.x_due.reset(); }
  /// Calls due() of all whose time has come. They may set deadlines again and destroy each other.
  void advance(MonoTime now);

 private:
  static constexpr std::uint64_t kSlots = 512;
  std::uint64_t slot_of(MonoTime due) const;
  void link(Entry& entry, std::uint64_t slot);
  void turn(Entry* first, MonoTime now);

  MonoTime x_start;
  std::uint64_t x_now = 0;  // slots below are done
  std::array<Entry*, kSlots> x_slots{};
};

}  // namespace tapedeck::net
