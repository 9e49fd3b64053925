//go:build linux

package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRounds runs random rounds: some files, some producers, some faults at random
// moments, and then everything must be right.
func TestRounds(t *testing.T) {
	seed := firstSeed(t)
	rounds := setting("CHAOS_ROUNDS", 20)
	t.Logf("CHAOS_SEED=%d CHAOS_ROUNDS=%d", seed, rounds)

	// Every fault has its turn before any has its second.
	var mu sync.Mutex
	had := map[string]int{}
	var files, seconds float64
	t.Cleanup(func() {
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(had)) {
			lines = append(lines, fmt.Sprintf("%s %d", name, had[name]))
		}
		t.Logf("%d rounds, %.0f files, %.0f s of rounds; faults: %s", rounds, files, seconds, strings.Join(lines, ", "))
	})
	for round := range rounds {
		seed := seed + uint64(round)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			rng := random(seed)
			chosen := choose(rng, seed)
			began := time.Now()
			n := oneRound(t, rng, chosen, func(*plant) {})
			mu.Lock()
			defer mu.Unlock()
			for _, name := range chosen {
				had[name]++
			}
			files += float64(n)
			seconds += time.Since(began).Seconds()
		})
	}
}

// faultsPerRound is how many things go wrong in one round.
const faultsPerRound = 4

// choose returns the faults of a round: its share of the list of all, so that rounds
// in a row have all of them, and some others.
func choose(rng *rand.Rand, seed uint64) []string { return chooseFrom(faultNames(), rng, seed) }

func chooseFrom(names []string, rng *rand.Rand, seed uint64) []string {
	var chosen []string
	for i := range uint64(faultsPerRound / 2) {
		chosen = append(chosen, names[(seed*faultsPerRound/2+i)%uint64(len(names))])
	}
	for len(chosen) < faultsPerRound {
		chosen = append(chosen, names[rng.IntN(len(names))])
	}
	return chosen
}

// oneRound returns how many files there were. prepare is called before anything starts.
func oneRound(t *testing.T, rng *rand.Rand, chosen []string, prepare func(*plant)) int {
	volumes := slices.ContainsFunc(chosen, func(name string) bool { return slices.Contains(needVolumes, name) })
	p := newPlant(t, volumes)
	prepare(p)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var scaler, actors sync.WaitGroup
	// Each actor has numbers of its own, so that a seed means the same whoever is first.
	source := func() *rand.Rand { return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())) }

	forScaler, inspectors := source(), 1+rng.IntN(2)
	scaler.Go(func() { p.scale(ctx, forScaler, inspectors) })
	for range 1 + rng.IntN(3) {
		names, mine := fileNames(rng), source()
		actors.Go(func() { p.produce(mine, names) })
	}
	for _, name := range chosen {
		when, mine := about(rng, 1200*time.Millisecond), source()
		actors.Go(func() {
			moment(when)
			faults[name](p, mine)
		})
	}
	actors.Wait()
	p.settle()
	cancel()
	scaler.Wait()
	p.stop()
	p.check()
	if seed, ok := strings.CutPrefix(t.Name(), "TestRounds/seed="); ok && t.Failed() {
		t.Logf("the faults were %v; again: CHAOS_ROUNDS=1 CHAOS_SEED=%s", chosen, seed)
	}
	return len(p.inputs.files)
}

// fileNames are those of one producer.
func fileNames(rng *rand.Rand) []string {
	prefix := []string{"", "2022/", "2022/01/", "sales of May ", "été/"}[rng.IntN(5)]
	names := make([]string, 10+rng.IntN(30))
	for i := range names {
		names[i] = fmt.Sprintf("%s%06d.csv", prefix, rng.IntN(1_000_000))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// produce delivers files as all kinds of producers do.
func (p *plant) produce(rng *rand.Rand, names []string) {
	for _, name := range names {
		order := rng.IntN(10)
		if order == 0 {
			p.push(name) // the message is faster than the file
		}
		dated := time.Time{}
		if rng.IntN(3) == 0 { // older than processors let temporary files become
			dated = time.Now().Add(-48*time.Hour - about(rng, time.Hour))
		}
		p.report(p.inputs.put(name, mixture(rng), dated))
		if order >= 4 { // the others are found by the sweep
			p.push(name)
		}
		moment(about(rng, 20*time.Millisecond))
	}
}
