# One image with two commands, `worker` and `serve`, which is each of the Lambda functions too: see docs/containers.md.
# BASE is any Debian with Python 3.13 as `python`. PIP_OPTIONS says where packages come from, where that is not the usual
# index: what lies in build/wheels is there as /build/wheels.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
ARG PIP_OPTIONS=""
WORKDIR /build
COPY infra/docker/requirements.txt build/wheel[s] /build/wheels/
RUN { python -m pip --version || python -m ensurepip; } && python -m pip install --no-cache-dir --disable-pip-version-check --no-compile ${PIP_OPTIONS} \
        --require-hashes --no-deps --target /opt/darkroom -r wheels/requirements.txt
COPY layers/core/darkroom /opt/darkroom/darkroom
COPY models/*/*.onnx models/*/*.tflite /opt/darkroom/darkroom_models/
COPY infra/openapi.json /opt/darkroom/darkroom_api/openapi.json
COPY infra/web /opt/darkroom/darkroom_api/web
COPY functions /opt/darkroom/functions
RUN ln -sfn ../../darkroom_api/web /opt/darkroom/functions/api/web \
    && ln -sfn ../../darkroom_api/openapi.json /opt/darkroom/functions/api/openapi.json \
    && python -m compileall -q /opt/darkroom

FROM ${BASE}
COPY --from=build /opt/darkroom /opt/darkroom
# The root file system may be read-only; nobody's home is needed.
ENV PYTHONPATH=/opt/darkroom PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
ENTRYPOINT ["python", "-c", "from darkroom.cli import main; main()"]
CMD ["worker"]
