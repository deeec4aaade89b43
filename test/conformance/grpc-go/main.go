// The grpc-go client against the h2 engine; `npm run grpc-go` starts a server and runs this with its address.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// rawCodec sends and receives messages as they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

func ask(conn *grpc.ClientConn, path string, request []byte, options ...grpc.CallOption) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var answer []byte
	options = append(options, grpc.ForceCodec(rawCodec{}))
	err := conn.Invoke(ctx, path, &request, &answer, options...)
	return answer, err
}

type check struct {
	name string
	run  func(conn *grpc.ClientConn) error
}

var checks = []check{
	{"a thousand calls at once", func(conn *grpc.ClientConn) error {
		var wait sync.WaitGroup
		failures := make(chan error, 1000)
		for i := range 1000 {
			wait.Add(1)
			go func() {
				defer wait.Done()
				request := []byte(fmt.Sprint("call ", i))
				answer, err := ask(conn, "/test.Service/Echo", request)
				if err == nil && !bytes.Equal(answer, request) {
					err = fmt.Errorf("%q was answered with %q", request, answer)
				}
				if err != nil {
					failures <- err
				}
			}()
		}
		wait.Wait()
		close(failures)
		return <-failures
	}},
	{"ten thousand calls, one after the other", func(conn *grpc.ClientConn) error {
		for i := range 10000 {
			if _, err := ask(conn, "/test.Service/Echo", []byte(fmt.Sprint(i))); err != nil {
				return err
			}
		}
		return nil
	}},
	{"messages of every size up to four megabytes", func(conn *grpc.ClientConn) error {
		for size := 0; size < 4<<20; size = size*3 + 1 {
			request := make([]byte, size)
			rand.Read(request)
			answer, err := ask(conn, "/test.Service/Echo", request)
			if err != nil {
				return fmt.Errorf("%d bytes: %w", size, err)
			}
			if !bytes.Equal(answer, request) {
				return fmt.Errorf("%d bytes were not echoed", size)
			}
		}
		return nil
	}},
	{"a message that is too long", func(conn *grpc.ClientConn) error {
		_, err := ask(conn, "/test.Service/Echo", make([]byte, 4<<20+1))
		return expectCode(err, codes.ResourceExhausted)
	}},
	{"compressed requests", func(conn *grpc.ClientConn) error {
		request := bytes.Repeat([]byte("again "), 10000)
		answer, err := ask(conn, "/test.Service/Echo", request, grpc.UseCompressor(gzip.Name))
		if err == nil && !bytes.Equal(answer, request) {
			err = errors.New("the answer is another one")
		}
		return err
	}},
	{"a status with its message", func(conn *grpc.ClientConn) error {
		_, err := ask(conn, "/test.Service/Fails", nil)
		if text := status.Convert(err).Message(); text != "grün 100 % 🚦\n" {
			return fmt.Errorf("the message is %q", text)
		}
		return expectCode(err, codes.FailedPrecondition)
	}},
	{"a method that is not served", func(conn *grpc.ClientConn) error {
		_, err := ask(conn, "/test.Service/None", nil)
		return expectCode(err, codes.Unimplemented)
	}},
	{"a deadline that the server keeps", func(conn *grpc.ClientConn) error {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		var request, answer []byte
		return expectCode(conn.Invoke(ctx, "/test.Service/Never", &request, &answer, grpc.ForceCodec(rawCodec{})), codes.DeadlineExceeded)
	}},
	{"metadata", func(conn *grpc.ClientConn) error {
		ctx := metadata.AppendToOutgoingContext(context.Background(), "x-name", "ann", "x-trace-bin", "\x00\xff")
		var request, answer []byte
		if err := conn.Invoke(ctx, "/test.Service/Metadata", &request, &answer, grpc.ForceCodec(rawCodec{})); err != nil {
			return err
		}
		if string(answer) != "ann AP8" && string(answer) != "ann AP8=" {
			return fmt.Errorf("it sees %q", answer)
		}
		return nil
	}},
	{"a stream in both directions", func(conn *grpc.ClientConn) error {
		desc := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
		stream, err := conn.NewStream(context.Background(), desc, "/test.Service/Stream", grpc.ForceCodec(rawCodec{}))
		if err != nil {
			return err
		}
		for i := range 2000 {
			request := bytes.Repeat([]byte{byte(i)}, i)
			if err := stream.SendMsg(&request); err != nil {
				return err
			}
			var answer []byte
			if err := stream.RecvMsg(&answer); err != nil || !bytes.Equal(answer, request) {
				return fmt.Errorf("message %d: %w", i, err)
			}
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		var answer []byte
		if err := stream.RecvMsg(&answer); err != io.EOF {
			return fmt.Errorf("it ended with %w", err)
		}
		return nil
	}},
	{"cancelled calls", func(conn *grpc.ClientConn) error {
		for range 2000 {
			ctx, cancel := context.WithCancel(context.Background())
			go cancel()
			var request, answer []byte
			err := conn.Invoke(ctx, "/test.Service/Echo", &request, &answer, grpc.ForceCodec(rawCodec{}))
			if err != nil && status.Code(err) != codes.Canceled {
				return err
			}
		}
		return nil
	}},
	{"health: Check and Watch", func(conn *grpc.ClientConn) error {
		client := healthpb.NewHealthClient(conn)
		answer, err := client.Check(context.Background(), &healthpb.HealthCheckRequest{Service: "ratelimit"})
		if err != nil || answer.Status != healthpb.HealthCheckResponse_SERVING {
			return fmt.Errorf("check: %v, %w", answer, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		watch, err := client.Watch(ctx, &healthpb.HealthCheckRequest{})
		if err != nil {
			return err
		}
		for _, expected := range []healthpb.HealthCheckResponse_ServingStatus{1, 2, 1} {
			answer, err := watch.Recv()
			if err != nil || answer.Status != expected {
				return fmt.Errorf("watch: %v, %w", answer, err)
			}
			if _, err := ask(conn, "/test.Service/Toggle", nil); err != nil {
				return err
			}
		}
		_, err = ask(conn, "/test.Service/Toggle", nil)
		return err
	}},
	{"reflection, as grpcurl asks", func(conn *grpc.ClientConn) error {
		stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(context.Background())
		if err != nil {
			return err
		}
		list := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}
		symbol := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{
			FileContainingSymbol: "grpc.health.v1.Health",
		}}
		for _, request := range []*reflectionpb.ServerReflectionRequest{list, symbol} {
			if err := stream.Send(request); err != nil {
				return err
			}
			answer, err := stream.Recv()
			if err != nil {
				return err
			}
			if !strings.Contains(answer.String(), "grpc.health.v1") {
				return fmt.Errorf("it says %v", answer)
			}
		}
		return stream.CloseSend()
	}},
}

func expectCode(err error, code codes.Code) error {
	if status.Code(err) != code {
		return fmt.Errorf("ended with %w, not %v", err, code)
	}
	return nil
}

func main() {
	transport := insecure.NewCredentials()
	if len(os.Args) > 2 {
		fromFile, err := credentials.NewClientTLSFromFile(os.Args[2], "localhost")
		if err != nil {
			panic(err)
		}
		transport = fromFile
	}
	conn, err := grpc.NewClient(
		os.Args[1],
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(8<<20)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, PermitWithoutStream: true}),
	)
	if err != nil {
		panic(err)
	}
	failed := 0
	for _, check := range checks {
		if err := check.run(conn); err != nil {
			failed++
			fmt.Printf("FAILED: %s: %v\n", check.name, err)
		} else {
			fmt.Printf("passed: %s\n", check.name)
		}
	}
	fmt.Printf("%d passed, %d failed\n", len(checks)-failed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
