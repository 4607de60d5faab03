package org.pgdrover.routing;

public final class FunctionCatalog implements AutoCloseable {
    public FunctionCatalog(Object a, Object b, Object c) {}

    public void refresh(String db) {}

    public void close() {}
}
