# The server in an image with nothing else: no shell, no packages, no root.
#
#   docker run -i --rm -v trilha:/data IMAGE --store sqlite         MCP over standard input and output
#   docker run -p 8400:8400 -v trilha:/data IMAGE serve --store sqlite --api-keys /data/keys.json
#
# It runs with --read-only as well: only /data is written to.
FROM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY internal internal
COPY tools tools
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/trilha/trilha/internal/app.linked=${VERSION}" -o /out/trilha ./cmd/trilha \
 && mkdir -p /out/data

FROM scratch
LABEL io.modelcontextprotocol.server.name="io.github.trilha/trilha" \
      org.opencontainers.image.title="Trilha" \
      org.opencontainers.image.description="Learning paths in prerequisite order, with real links, made as background tasks. Works offline." \
      org.opencontainers.image.source="https://github.com/trilha/trilha" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/trilha /trilha
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# PORT means every address of the container, and so needs --api-keys, an issuer or
# --insecure. A hosting platform sets a PORT of its own.
ENV HOME=/data XDG_DATA_HOME=/data TMPDIR=/data PORT=8400
VOLUME /data
EXPOSE 8400
# Of trilha serve; over standard input and output the process itself says whether it is well.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/trilha", "health"]
ENTRYPOINT ["/trilha"]
