package issuer

import "time"

// Pause sets how long it waits between two questions to the issuer.
func (i *Issuer) Pause(d time.Duration) { i.keys.pause = d }

// Age makes the keys older.
func (i *Issuer) Age(by time.Duration) {
	i.keys.mu.Lock()
	defer i.keys.mu.Unlock()
	i.keys.known = i.keys.known.Add(-by)
	i.keys.asked = i.keys.asked.Add(-by)
}
