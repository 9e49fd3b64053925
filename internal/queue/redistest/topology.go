package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// StartTLS starts a server that takes only connections with TLS, and only from
// clients with a certificate of the same authority.
func StartTLS(t testing.TB, c Certificates, args ...string) *Server {
	t.Helper()
	s := newServer(t, t.TempDir())
	s.args = slices.Concat([]string{"--port", "0", "--tls-port", strconv.Itoa(s.Port), "--save", "",
		"--tls-ca-cert-file", c.CA, "--tls-cert-file", c.Cert, "--tls-key-file", c.Key}, s.place(), args)
	return s.start(t)
}

// StartCluster starts a cluster of three masters.
func StartCluster(t testing.TB) []*Server {
	t.Helper()
	const masters, slots = 3, 16384
	ctx := t.Context()
	nodes := make([]*Server, masters)
	clients := make([]*redis.Client, masters)
	buses := make([]int, masters)
	for i := range nodes {
		// Redis' own choice for the bus, the port and 10,000, may be beyond the last one.
		buses[i] = freePort(t)
		nodes[i] = Start(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(buses[i]))
		clients[i] = nodes[i].Client(t)
		if err := clients[i].ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err(); err != nil {
			t.Fatalf("give slots to node %d: %v", i, err)
		}
		if i == 0 {
			continue
		}
		if err := clients[0].Do(ctx, "CLUSTER", "MEET", nodes[i].Host, nodes[i].Port, buses[i]).Err(); err != nil {
			t.Fatalf("introduce node %d: %v", i, err)
		}
	}
	eventually(t, "the cluster's nodes to agree", func() error {
		for _, client := range clients {
			info, err := client.ClusterInfo(ctx).Result()
			if err != nil {
				return err
			}
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", masters)) {
				return fmt.Errorf("%s", info)
			}
		}
		return nil
	})
	return nodes
}

// StartSentinel starts a master of the given name, a replica of it, and a Sentinel
// that makes the replica the master soon after the master's death.
func StartSentinel(t testing.TB, name string) (sentinel, master, replica *Server) {
	t.Helper()
	master = Start(t)
	replica = Start(t, "--replicaof", master.Host, strconv.Itoa(master.Port))
	eventually(t, "the replica to follow", func() error {
		info, err := replica.Client(t).Info(t.Context(), "replication").Result()
		if err == nil && !strings.Contains(info, "master_link_status:up") {
			err = fmt.Errorf("%s", info)
		}
		return err
	})
	sentinel = newServer(t, t.TempDir())
	config := filepath.Join(sentinel.Dir, "sentinel.conf")
	text := fmt.Sprintf("port %d\nsentinel monitor %s %s %d 1\nsentinel down-after-milliseconds %[2]s 300\nsentinel failover-timeout %[2]s 2000\n",
		sentinel.Port, name, master.Host, master.Port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel.args, sentinel.ready = append([]string{config, "--sentinel"}, sentinel.place()...), "+monitor master"
	sentinel.start(t)
	client := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Addr(), DisableIdentity: true})
	t.Cleanup(func() { _ = client.Close() })
	eventually(t, "Sentinel to find the replica", func() error {
		replicas, err := client.Replicas(t.Context(), name).Result()
		if err == nil && len(replicas) != 1 {
			err = fmt.Errorf("it knows of %d", len(replicas))
		}
		return err
	})
	return sentinel, master, replica
}

// AwaitMaster returns once the Sentinel names the server as the master.
func AwaitMaster(t testing.TB, sentinel, server *Server, name string) {
	t.Helper()
	client := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Addr(), DisableIdentity: true})
	defer client.Close()
	eventually(t, "the other server to become the master", func() error {
		address, err := client.GetMasterAddrByName(t.Context(), name).Result()
		if err == nil && net.JoinHostPort(address[0], address[1]) != server.Addr() {
			err = fmt.Errorf("it is %v", address)
		}
		return err
	})
}

// eventually asks again until there is no error any more.
func eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, err)
		case <-again.C:
		}
	}
}
