package org.pgdrover.simulation;

import java.util.random.RandomGenerator;

/// What goes wrong on the servers' side, at moments and in ways that the seed says.
final class Faults {
    private final World world;
    private final RandomGenerator random;
    private int left;

    Faults(World world, RandomGenerator random) {
        this.world = world;
        this.random = random;
        this.left = 1 + random.nextInt(6);
    }

    void begin() {
        if (world.isAimed() && random.nextInt(4) > 0) loseAnswers();
        else goOn();
    }

    private void goOn() {
        if (left-- > 0) world.network().after(random.nextInt(60_000_000), this::next);
    }

    private void next() {
        switch (random.nextInt(8)) {
            case 0, 1 -> terminate();
            case 2, 3 -> kill();
            case 4 -> cut();
            case 5 -> lag();
            case 6 -> loseStandby();
            default -> changePrimary();
        }
        goOn();
    }

    private ModelBackend any() {
        var open = world.backends().stream().filter(each -> !each.isClosed()).toList();
        if (open.isEmpty()) return new ModelBackend(world, world.nodes().getFirst());
        return open.get(random.nextInt(open.size()));
    }

    private void terminate() {
        var one = any();
        world.trace(() -> "FAULT: a backend of " + one.node().name() + " is terminated");
        one.terminate();
    }

    private void kill() {
        var one = any();
        if (one.session() == null) return;
        boolean afterSent = random.nextBoolean();
        world.trace(() -> "FAULT: a backend of " + one.node().name() + " is killed");
        one.kill(afterSent);
    }

    private void cut() {
        var one = any();
        int bytes = random.nextInt(400);
        world.trace(() -> "FAULT: a connection to " + one.node().name() + " breaks after " + bytes + " bytes");
        one.cutAfter(bytes);
    }

    /// What cannot be undone is done, and its answer is lost; after that another one, a few of them
    /// later.
    private void loseAnswers() {
        boolean node = random.nextInt(3) == 0;
        world.loseAnswer(random.nextInt(6), one -> {
            if (node && primary() >= 0 && one.node() == world.nodes().get(primary())) changePrimary();
            world.trace(() -> "FAULT: a backend of " + one.node().name() + " is lost before it has answered");
            one.kill(true);
            loseAnswers();
        });
    }

    private ModelNode standby() {
        var all = world.nodes().stream().filter(ModelNode::inRecovery).toList();
        return all.get(random.nextInt(all.size()));
    }

    private void lag() {
        var one = standby();
        long nanos = random.nextInt(500_000_000);
        world.trace(() -> "FAULT: " + one.name() + " lags by " + nanos / 1_000_000 + " ms");
        one.lag(nanos);
    }

    private void loseNode(ModelNode node) {
        world.trace(() -> "FAULT: " + node.name() + " is lost");
        node.up(false);
        for (var backend : java.util.List.copyOf(world.backends()))
            if (backend.node() == node) backend.kill(random.nextBoolean());
    }

    private void loseStandby() {
        var one = standby();
        if (!one.isUp()) return;
        loseNode(one);
        world.network().after(random.nextInt(3_000_000), () -> world.rig().topologyChanged(primary()));
        world.network().after(random.nextInt(1_000_000_000), () -> {
            world.trace(() -> one.name() + " is back");
            one.up(true);
            world.rig().topologyChanged(primary());
        });
    }

    private int primary() {
        for (int i = 0; i < world.nodes().size(); i++) {
            var node = world.nodes().get(i);
            if (!node.inRecovery() && node.isUp()) return i;
        }
        return -1;
    }

    /// The primary is lost, and after a while a standby that has everything is promoted.
    private void changePrimary() {
        int old = primary();
        var next = world.nodes().stream()
                .filter(node -> node.inRecovery() && node.isUp())
                .findFirst();
        if (old < 0 || next.isEmpty()) return;
        var lost = world.nodes().get(old);
        loseNode(lost);
        lost.recovery(true);
        world.network().after(random.nextInt(5_000_000), () -> {
            if (primary() < 0) world.rig().topologyChanged(-1);
        });
        world.network().after(5_000_000 + random.nextInt(2_000_000_000), () -> {
            world.trace(() -> next.get().name() + " is promoted");
            next.get().recovery(false);
            next.get().up(true);
            world.rig().topologyChanged(primary());
        });
        world.network().after(3_000_000_000L + random.nextInt(1_000_000_000), () -> {
            lost.up(true);
            world.trace(() -> lost.name() + " is back as a standby");
            world.rig().topologyChanged(primary());
        });
    }
}
