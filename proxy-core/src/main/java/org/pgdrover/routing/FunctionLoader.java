package org.pgdrover.routing;

import java.sql.SQLException;

/** Reads what a database's catalog says of its functions. */
@FunctionalInterface
interface FunctionLoader {
    FunctionNames load(String database) throws SQLException;
}
