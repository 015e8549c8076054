#include "net/deadline_wheel.hpp"

#include <algorithm>

namespace tapedeck::net {

void DeadlineWheel::Entry::unlink() {
  if (x_link == nullptr) return;
  *x_link = x_next;
  if (x_next != nullptr) x_next->x_link = x_link;
  x_next = nullptr;
  x_link = nullptr;
}

DeadlineWheel::DeadlineWheel(MonoTime start) : x_start(start) {}

std::uint64_t DeadlineWheel::slot_of(MonoTime due) const {
  const std::int64_t since = (due - x_start).count();
  const std::uint64_t slot = since <= 0 ? 0 : static_cast<std::uint64_t>(since / kSlot.count()) + 1;
  // What lies further away than one turn is looked at again when its slot comes round.
  return std::clamp(slot, x_now, x_now + kSlots - 1);
}

void DeadlineWheel::set(Entry& entry, MonoTime due) {
  entry.x_due = due;
  const std::uint64_t slot = slot_of(due);
  if (entry.x_link != nullptr && entry.x_slot <= slot) return;  // met on the way, then moved on
  entry.unlink();
  link(entry, slot);
}

void DeadlineWheel::link(Entry& entry, std::uint64_t slot) {
  Entry*& first = x_slots[slot % kSlots];
  entry.x_slot = slot;
  entry.x_next = first;
  if (first != nullptr) first->x_link = &entry.x_next;
  first = &entry;
  entry.x_link = &first;
}

void DeadlineWheel::advance(MonoTime now) {
  const std::int64_t since = std::max<std::int64_t>(0, (now - x_start).count());
  const std::uint64_t end = static_cast<std::uint64_t>(since / kSlot.count()) + 1;
  const std::uint64_t steps = end > x_now ? std::min(end - x_now, kSlots) : 0;
  const std::uint64_t from = end - steps;
  x_now = std::max(x_now, end);
  for (std::uint64_t slot = from; slot < end; ++slot) {
    Entry* first = x_slots[slot % kSlots];
    x_slots[slot % kSlots] = nullptr;
    turn(first, now);
  }
}

// The list is hung on a local pointer, so that entries may leave it while others are served.
void DeadlineWheel::turn(Entry* first, MonoTime now) {
  if (first != nullptr) first->x_link = &first;
  while (first != nullptr) {
    Entry& entry = *first;
    entry.unlink();
    if (!entry.x_due) continue;
    if (*entry.x_due > now) {
      link(entry, slot_of(*entry.x_due));
      continue;
    }
    entry.x_due.reset();
    entry.due(now);
  }
}

}  // namespace tapedeck::net
