package httpface

import "time"

// Hurry sets how long headers and bodies may take.
func (f *Face) Hurry(d time.Duration) { f.times.header, f.times.body = d, d }
