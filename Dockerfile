# danq with its workflow, for CPU or NVIDIA GPUs (docs/cluster.md tells how to run it):
#   docker build -t danq:cpu .
#   docker build -t danq:gpu --build-arg TORCH_INDEX=https://pypi.org/simple .
# PyTorch's Linux wheels on the package index bring CUDA's libraries with them; only the driver comes from the host.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/danq
COPY requirements.lock ./
RUN pip install --index-url "${TORCH_INDEX}" "$(grep -x 'torch==[0-9.]*' requirements.lock)" \
    && pip install -r requirements.lock
COPY pyproject.toml README.md LICENSE Snakefile config.yaml ./
COPY configs ./configs
COPY notebooks ./notebooks
COPY profiles ./profiles
COPY workflow ./workflow
COPY danq ./danq
RUN pip install --no-deps .

FROM ${PYTHON}
COPY --from=build /opt/venv /opt/venv
COPY Snakefile config.yaml /opt/danq/
COPY workflow /opt/danq/workflow
COPY profiles /opt/danq/profiles
COPY configs /opt/danq/configs
# Any user may run it: HOME and caches are where everyone may write.
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp XDG_CACHE_HOME=/tmp/cache MPLCONFIGDIR=/tmp/matplotlib \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN useradd --uid 1000 --no-create-home danq && install --directory --owner danq /work
USER 1000
WORKDIR /work
CMD ["danq", "--help"]
