package org.pgdrover.backend;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;

/** How outgoing connections are made on this machine: the socket class that fits the event loops. */
public record Transport(ChannelFactory<? extends Channel> sockets) {}
