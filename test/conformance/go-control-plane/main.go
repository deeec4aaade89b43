// An xDS server of go-control-plane: its snapshot cache behind its server. `npm run xds:go` starts it and tells it, line by line, what
// is in the snapshot; it tells, line by line, what it is asked and what it answers.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"sync"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	config "github.com/envoyproxy/go-control-plane/ratelimit/config/ratelimit/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
)

const node = "some-node"

// snapshot is a line of standard input.
type snapshot struct {
	Version string            `json:"version"`
	Configs []json.RawMessage `json:"configs"`
}

// event is a line of standard output.
type event struct {
	Event   string `json:"event"`
	Port    int    `json:"port,omitempty"`
	Version string `json:"version"`
	Nonce   string `json:"nonce"`
	Node    string `json:"node,omitempty"`
	Error   string `json:"error,omitempty"`
}

var output sync.Mutex

func tell(what event) {
	output.Lock()
	defer output.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		os.Exit(1)
	}
}

func callbacks() server.Callbacks {
	return server.CallbackFuncs{
		StreamOpenFunc: func(context.Context, int64, string) error {
			tell(event{Event: "stream"})
			return nil
		},
		StreamRequestFunc: func(_ int64, request *discovery.DiscoveryRequest) error {
			tell(event{
				Event:   "request",
				Version: request.GetVersionInfo(),
				Nonce:   request.GetResponseNonce(),
				Node:    request.GetNode().GetId(),
				Error:   request.GetErrorDetail().GetMessage(),
			})
			return nil
		},
		StreamResponseFunc: func(_ context.Context, _ int64, _ *discovery.DiscoveryRequest, response *discovery.DiscoveryResponse) {
			tell(event{Event: "response", Version: response.GetVersionInfo(), Nonce: response.GetNonce()})
		},
		StreamClosedFunc: func(int64, *core.Node) { tell(event{Event: "closed"}) },
	}
}

func options(cert, key, clientCA string) ([]grpc.ServerOption, error) {
	if cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	secured := &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		MinVersion:   tls.VersionTLS13,
	}
	return []grpc.ServerOption{grpc.Creds(credentials.NewTLS(secured))}, nil
}

// follow puts every snapshot that is told into the cache, until there are no more.
func follow(snapshots cache.SnapshotCache) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var told snapshot
		if err := json.Unmarshal(lines.Bytes(), &told); err != nil {
			return err
		}
		configs := make([]types.Resource, 0, len(told.Configs))
		for _, text := range told.Configs {
			one := &config.RateLimitConfig{}
			if err := protojson.Unmarshal(text, one); err != nil {
				return err
			}
			configs = append(configs, one)
		}
		content := map[resource.Type][]types.Resource{resource.RateLimitConfigType: configs}
		made, err := cache.NewSnapshot(told.Version, content)
		if err != nil {
			return err
		}
		if err := snapshots.SetSnapshot(context.Background(), node, made); err != nil {
			return err
		}
	}
	return lines.Err()
}

func run() error {
	port := flag.Int("port", 0, "where to listen on 127.0.0.1")
	cert := flag.String("cert", "", "certificate, for TLS that asks for those of clients")
	key := flag.String("key", "", "its key")
	clientCA := flag.String("client-ca", "", "CA of the clients")
	descriptor := flag.Bool("descriptor", false, "print the descriptor of the rules' proto, and nothing else")
	flag.Parse()
	if *descriptor {
		file := (&config.RateLimitConfig{}).ProtoReflect().Descriptor().ParentFile()
		bytes, err := proto.Marshal(protodesc.ToFileDescriptorProto(file))
		fmt.Println(base64.StdEncoding.EncodeToString(bytes))
		return err
	}

	grpcOptions, err := options(*cert, *key, *clientCA)
	if err != nil {
		return err
	}
	// As Envoy Gateway makes its own: no aggregated ordering, one snapshot for each node id.
	snapshots := cache.NewSnapshotCache(false, cache.IDHash{}, nil)
	grpcServer := grpc.NewServer(grpcOptions...)
	xds := server.NewServer(context.Background(), snapshots, callbacks())
	discovery.RegisterAggregatedDiscoveryServiceServer(grpcServer, xds)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		return err
	}
	go func() {
		_ = grpcServer.Serve(listener)
	}()
	tell(event{Event: "listening", Port: listener.Addr().(*net.TCPAddr).Port})
	err = follow(snapshots)
	grpcServer.Stop()
	return err
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
