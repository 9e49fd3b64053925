# One image per service: --target processor, or --build-arg SERVICE=processor.
# Without either it is the standalone service, the whole pipeline in one process.
# --build-arg BUCKETS=true adds the clients of S3, Google and Azure, and twice the size.
ARG GO_IMAGE=golang:1.26
ARG BASE_IMAGE=gcr.io/distroless/static:nonroot
ARG SERVICE=standalone

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOMODCACHE=/go/pkg/mod GOCACHE=/root/.cache/go-build
ARG GOPROXY
# Copied and not mounted: skaffold builds anew when something changes that a COPY names, and knows no mounts.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download
COPY internal internal
COPY services services
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
ARG BUCKETS=false
# One step builds every service: they share nearly all of their packages, and images that are
# built at the same time then share this step as well. Calls that are not inlined make the
# inspector 0.8 MB smaller; those packages compute nothing that has to be fast.
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    case $BUCKETS in \
      true) tags=nethttpomithttp2,grpcnotrace,disable_grpc_modules ;; \
      false) tags=nethttpomithttp2,nobuckets ;; \
      *) echo "BUCKETS is $BUCKETS, neither true nor false"; exit 1 ;; \
    esac \
    && GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -tags "$tags" \
      -gcflags 'csv-pipeline/internal/web/...=-l' -gcflags 'csv-pipeline/internal/describe/...=-l' -gcflags 'csv-pipeline/internal/chardet/...=-l' \
      -gcflags 'google.golang.org/protobuf/...=-l' -gcflags 'github.com/goccy/go-yaml/...=-l' -gcflags 'github.com/prometheus/...=-l' -gcflags 'go.uber.org/...=-l' -gcflags 'github.com/redis/go-redis/...=-l' \
      -ldflags "-s -w -X csv-pipeline/internal/cli.Version=$VERSION" -o /out/ ./services/... \
    && mkdir /data

# An empty named volume takes its owner from the image's folder, so /data is there and is nonroot's.
FROM ${BASE_IMAGE} AS base
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV STORE_URL=file:///data

FROM base AS generator
COPY --from=build /out/generator /generator
ENTRYPOINT ["/generator"]

FROM base AS processor
COPY --from=build /out/processor /processor
ENTRYPOINT ["/processor"]

FROM base AS inspector
COPY --from=build /out/inspector /inspector
EXPOSE 8080
ENTRYPOINT ["/inspector"]

FROM base AS standalone
COPY --from=build /out/standalone /standalone
# By itself it serves its own machine alone, which would be the container.
ENV LISTEN=:8080
EXPOSE 8080
ENTRYPOINT ["/standalone"]

FROM ${SERVICE}
