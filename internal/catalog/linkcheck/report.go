package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

var errDead = errors.New("some links are dead")

// report writes a table by host and then each link that is not simply good, host by
// host. It gives errDead where one is dead.
func report(out io.Writer, links map[string][]string, answered func(link string) *answer) error {
	counts := map[string]map[verdict]int{}
	byHost := map[string][]string{}
	for _, link := range slices.Sorted(maps.Keys(links)) {
		host := hostOf(link)
		if counts[host] == nil {
			counts[host] = map[verdict]int{}
		}
		byHost[host] = append(byHost[host], link)
		counts[host][verdictOf(answered(link))]++
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	verdicts := []verdict{good, moved, unsure, dead, unasked}
	fmt.Fprint(table, "\nhost\tlinks")
	for _, v := range verdicts {
		fmt.Fprintf(table, "\t%s", v)
	}
	fmt.Fprintln(table)
	for _, host := range slices.Sorted(maps.Keys(byHost)) {
		fmt.Fprintf(table, "%s\t%d", host, len(byHost[host]))
		for _, v := range verdicts {
			fmt.Fprintf(table, "\t%d", counts[host][v])
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	died := false
	for _, host := range slices.Sorted(maps.Keys(byHost)) {
		for _, link := range byHost[host] {
			a := answered(link)
			if v := verdictOf(a); v != good && v != unasked {
				died = died || v == dead
				fmt.Fprintf(out, "%s: %s: %s (%s)\n", v, link, a.told(), strings.Join(links[link], ", "))
			}
		}
	}
	if died {
		return errDead
	}
	return nil
}

// unasked is what there is no answer for.
const unasked verdict = "not asked"

func verdictOf(a *answer) verdict {
	if a == nil {
		return unasked
	}
	return a.verdict()
}

// told says what came of asking.
func (a *answer) told() string {
	switch {
	case a.Error != "":
		return a.Error
	case a.Final != "":
		return fmt.Sprintf("%d at %s", a.Status, a.Final)
	}
	return fmt.Sprint(a.Status)
}
