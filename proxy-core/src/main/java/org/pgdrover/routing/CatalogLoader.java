package org.pgdrover.routing;

import java.sql.SQLException;

/// A reader of databases' catalogs.
@FunctionalInterface
public interface CatalogLoader {
    /// Reads one database's catalog; may take long, and is not called on an event loop.
    DatabaseCatalog load(String database) throws SQLException;
}
