package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// figures are what a run is told by.
type figures struct {
	kills, hits, stops int
	interrupted        int // works that a kill ended
	calls              int
	cutOff             int // died with their instance, unanswered
	unavailable        int // were told to try again
	unanswered         int
	acknowledged       int
	ended              ends
	givenUp            int // failed because their worker was lost over and over

	runs       int
	steps      int // that there were to carry out, and were begun
	begunAgain int
	didAgain   int
	atOnce     int // runs that began while another of the same task was on
	fell       int // times that a client saw less progress than before

	fellAfterLoss int // of them on a task that had lost its worker

	recovery   []time.Duration // from the kill to running again
	afterStart []time.Duration // from the start of the next instance

	lastCreate     time.Time
	slowestRefusal time.Duration
	outages        []outageFigures
}

type outageFigures struct {
	length, toCreate, slowestRefusal time.Duration
}

type ends map[task.Status]int

// isLoss tells the error of a task that was given up.
func isLoss(text string) bool { return strings.Contains(text, "its worker was lost") }

func (f *figures) print(out io.Writer, took time.Duration) {
	p := func(format string, args ...any) { fmt.Fprintf(out, "  "+format+"\n", args...) }
	p("%d kills, of which %d hit an instance that was running; %d works interrupted; %d graceful stops; %s",
		f.kills, f.hits, f.interrupted, f.stops, took.Round(time.Second))
	p("%d calls, of which %d died with their instance, %d were told to try again, %d had no answer in %s",
		f.calls, f.cutOff, f.unavailable, f.unanswered, answerTime)
	p("%d tasks acknowledged: %d completed, %d failed (%d of them given up, having lost their worker over and over), %d cancelled",
		f.acknowledged, f.ended[task.Completed], f.ended[task.Failed], f.givenUp, f.ended[task.Cancelled])
	p("%d runs of them; of %d steps %d were begun again, %d carried out again; %d runs began while another of the task was on",
		f.runs, f.steps, f.begunAgain, f.didAgain, f.atOnce)
	p("progress was seen to fall %d times, %d of them on tasks that had lost their worker", f.fell, f.fellAfterLoss)
	p("from kill to running again: %s; from the next start: %s", spread(f.recovery), spread(f.afterStart))
	for _, o := range f.outages {
		p("database away for %s: a create failed after at most %s, and one was accepted %s after its return",
			o.length, o.slowestRefusal.Round(time.Millisecond), o.toCreate.Round(time.Millisecond))
	}
}

func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "never"
	}
	slices.Sort(all)
	at := func(share float64) time.Duration {
		return all[int(share*float64(len(all)-1))].Round(time.Millisecond)
	}
	return fmt.Sprintf("p50 %s, p99 %s, at most %s (%d times)", at(0.5), at(0.99), at(1), len(all))
}
