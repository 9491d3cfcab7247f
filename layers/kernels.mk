# `make kernels`: the compiled loops, for every architecture that Lambda has, on any host. Nothing fails where Zig cannot
# be had: the library then does the same by NumPy. A file of its own, since a layer's makefile includes it as well.

KERNELS := $(dir $(lastword $(MAKEFILE_LIST)))core/darkroom/kernels
ZIG := $(dir $(lastword $(MAKEFILE_LIST)))../infra/zig
KERNEL_FLAGS := -std=c11 -O3 -fno-math-errno -fno-trapping-math -ffp-contract=on -fno-sanitize=all -Wall -Werror \
	-nostdlib -shared -fPIC -s

.PHONY: kernels
kernels: $(foreach build,x86_64-v4 x86_64-v3 x86_64 aarch64,$(KERNELS)/kernels-$(build).so)

$(KERNELS)/kernels-x86_64-v4.so: TARGET := -target x86_64-linux-gnu -mcpu=x86_64_v4 -mprefer-vector-width=512
$(KERNELS)/kernels-x86_64-v3.so: TARGET := -target x86_64-linux-gnu -mcpu=x86_64_v3
$(KERNELS)/kernels-x86_64.so: TARGET := -target x86_64-linux-gnu -mcpu=x86_64
$(KERNELS)/kernels-aarch64.so: TARGET := -target aarch64-linux-gnu -mcpu=generic
$(KERNELS)/kernels-%.so: $(addprefix $(KERNELS)/,pictures.c sharpening.c lumas.c blocks.c estimates.c pyramids.c planes.h) | $(ZIG_NEEDS)
	@"$(ZIG)" cc $(TARGET) $(KERNEL_FLAGS) -o "$@" $(filter %.c,$^) || echo "without $(@F): no compiled loops for that processor" >&2
