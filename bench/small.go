package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	smallCPU    = 0.2       // of one
	smallMemory = 100 << 20 // bytes
)

// small is a control group whose processes share smallCPU and smallMemory. It needs root. Make it with newSmall.
type small struct{ folders, tasks []string }

func newSmall() (s *small, err error) {
	const root, name, period = "/sys/fs/cgroup", "csv-pipeline-bench", 100_000
	quota := int(smallCPU * period)
	s = &small{}
	defer func() {
		if err != nil {
			s.remove()
		}
	}()
	set := func(folder, tasks string, values map[string]string) error {
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		s.folders, s.tasks = append(s.folders, folder), append(s.tasks, filepath.Join(folder, tasks))
		for file, value := range values {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(value), 0o644); err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		return s, set(filepath.Join(root, name), "cgroup.procs", map[string]string{
			"cpu.max": fmt.Sprintf("%d %d", quota, period), "memory.max": fmt.Sprint(smallMemory), "memory.swap.max": "0"})
	}
	if err := set(filepath.Join(root, "cpu", name), "tasks", map[string]string{"cpu.cfs_period_us": fmt.Sprint(period), "cpu.cfs_quota_us": fmt.Sprint(quota)}); err != nil {
		return s, err
	}
	return s, set(filepath.Join(root, "memory", name), "tasks", map[string]string{"memory.limit_in_bytes": fmt.Sprint(smallMemory)})
}

// command is a command line that runs another one in the group.
func (s *small) command(program string, args []string) (string, []string) {
	script := ""
	for _, tasks := range s.tasks {
		script += fmt.Sprintf("echo $$ >%s; ", tasks)
	}
	return "/bin/sh", append([]string{"-e", "-c", script + `exec "$0" "$@"`, program}, args...)
}

func (s *small) remove() {
	for _, folder := range s.folders {
		_ = os.Remove(folder)
	}
}
