package org.pgdrover.routing;

/// The queries that read a catalog, for PostgreSQL 14 and newer. Each gives what the reader of the same
/// name expects.
final class CatalogQueries {
    /// The first oid that is not PostgreSQL's own (PostgreSQL: FirstNormalObjectId).
    static final int FIRST_OWN_OID = 16384;

    /// Bodies are read of functions that are not PostgreSQL's own, nor written in C. Of those in LANGUAGE internal
    /// the names of PostgreSQL's own functions that are the same code, marked by ! if volatile.
    static final String FUNCTIONS = """
            SELECT p.oid, n.nspname, p.proname, p.prokind IN ('f', 'a', 'w'), p.provolatile = 'v',
                   CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE l.lanname END, l.lanpltrusted, e.extname,
                   CASE WHEN p.oid < 16384 OR l.lanname = 'c' THEN NULL
                        WHEN l.lanname = 'internal' THEN i.names
                        ELSE p.prosrc END,
                   CASE WHEN p.oid >= 16384 THEN p.prosqlbody::text END,
                   CASE WHEN p.oid >= 16384 THEN p.proargdefaults::text END,
                   EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s ~* '^seed=')
              FROM pg_catalog.pg_proc p
              JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
              JOIN pg_catalog.pg_language l ON l.oid = p.prolang
              LEFT JOIN (SELECT s.prolang, s.prosrc,
                                string_agg(s.proname || CASE s.provolatile WHEN 'v' THEN '!' ELSE '' END, ' ') AS names
                           FROM pg_catalog.pg_proc s
                          WHERE s.oid < 16384
                          GROUP BY s.prolang, s.prosrc) i
                     ON l.lanname = 'internal' AND p.oid >= 16384 AND i.prolang = p.prolang AND i.prosrc = p.prosrc
              LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                                              AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
              LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
             WHERE n.nspname !~ '^pg_(toast_)?temp_'""";

    /// A type's name can be called like a function, as a cast.
    static final String TYPES = """
            SELECT n.nspname, t.typname
              FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
             WHERE t.typtype IN ('b', 'd', 'e', 'r', 'm') AND t.typelem = 0 AND n.nspname !~ '^pg_(toast_)?temp_'""";

    /// An identity column takes its numbers from a sequence, without a default.
    static final String RELATIONS = """
            SELECT c.oid, n.nspname, c.relname, c.relkind IN ('S', 'f') OR c.relpersistence = 'u',
                   EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> '')
              FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S') AND c.relpersistence <> 't'
               AND n.nspname !~ '^pg_(toast|temp)'""";

    /// Trees of all that runs when a relation is read, changed or both, or a type is used. PostgreSQL has a
    /// rule of its own that makes an UPDATE of pg_settings a set_config. A partition keeps to the keys of all
    /// that it is a part of.
    static final String TREES = """
            SELECT 'read', ev_class, ev_action::text FROM pg_catalog.pg_rewrite WHERE oid >= 16384 AND ev_type = '1'
            UNION ALL
            SELECT 'change', ev_class, ev_action::text || ' ' || ev_qual::text FROM pg_catalog.pg_rewrite
             WHERE ev_type <> '1' AND ev_enabled <> 'D'
            UNION ALL
            SELECT CASE WHEN a.attgenerated = 'v' THEN 'both' ELSE 'change' END, d.adrelid, d.adbin::text
              FROM pg_catalog.pg_attrdef d
              JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            UNION ALL
            SELECT 'change', conrelid, conbin::text FROM pg_catalog.pg_constraint WHERE contype = 'c' AND conrelid <> 0
            UNION ALL
            SELECT 'type', contypid, conbin::text FROM pg_catalog.pg_constraint
             WHERE contypid <> 0 AND conbin IS NOT NULL AND oid >= 16384
            UNION ALL
            SELECT 'change', a.attrelid, t.typdefaultbin::text
              FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
             WHERE a.attnum > 0 AND NOT a.attisdropped AND t.typdefaultbin IS NOT NULL AND t.oid >= 16384
            UNION ALL
            SELECT 'both', p.polrelid, coalesce(p.polqual::text, '') || ' ' || coalesce(p.polwithcheck::text, '')
              FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid WHERE c.relrowsecurity
            UNION ALL
            SELECT 'change', indrelid, coalesce(indexprs::text, '') || ' ' || coalesce(indpred::text, '')
              FROM pg_catalog.pg_index
             WHERE indexrelid >= 16384 AND (indexprs IS NOT NULL OR indpred IS NOT NULL)
            UNION ALL
            SELECT 'change', tgrelid, ':funcid ' || tgfoid || ' ' || coalesce(tgqual::text, '')
              FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'
            UNION ALL
            SELECT 'change', t.relid, p.partexprs::text
              FROM pg_catalog.pg_partitioned_table p
             CROSS JOIN LATERAL (WITH RECURSIVE parts (relid) AS (
                                         SELECT p.partrelid
                                         UNION
                                         SELECT i.inhrelid FROM pg_catalog.pg_inherits i
                                           JOIN parts ON parts.relid = i.inhparent)
                                 SELECT relid FROM parts) t
             WHERE p.partexprs IS NOT NULL
            UNION ALL
            SELECT 'change', a.attrelid, ':resulttype ' || a.atttypid
              FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
             WHERE a.attnum > 0 AND NOT a.attisdropped AND t.typtype = 'd' AND t.oid >= 16384""";

    /// Relations that are read or changed with another one: children with their parents, and what
    /// foreign keys change.
    static final String FOLLOWERS = """
            SELECT inhparent, inhrelid, true FROM pg_catalog.pg_inherits
            UNION ALL
            SELECT confrelid, conrelid, false FROM pg_catalog.pg_constraint
             WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))""";

    /// Functions behind operators, casts, types and indexes, which run although no statement names them, and
    /// tables with triggers of TRUNCATE, which a CASCADE may reach.
    static final String HIDDEN = """
            SELECT 'operator', oid, oprcode::oid FROM pg_catalog.pg_operator WHERE oid >= 16384
            UNION ALL
            SELECT 'cast', oid, castfunc FROM pg_catalog.pg_cast WHERE oid >= 16384 AND castfunc <> 0
            UNION ALL
            SELECT 'type', t.oid, f.oid
              FROM pg_catalog.pg_type t
             CROSS JOIN LATERAL (VALUES (t.typinput::oid), (t.typoutput::oid), (t.typreceive::oid), (t.typsend::oid),
                                        (t.typmodin::oid), (t.typmodout::oid)) f (oid)
             WHERE t.oid >= 16384 AND t.typtype = 'b' AND t.typelem = 0 AND f.oid >= 16384
            UNION ALL
            SELECT 'aggregate', a.aggfnoid::oid, f.oid
              FROM pg_catalog.pg_aggregate a
             CROSS JOIN LATERAL (VALUES (a.aggtransfn::oid), (a.aggfinalfn::oid), (a.aggcombinefn::oid),
                                        (a.aggmtransfn::oid), (a.aggminvtransfn::oid), (a.aggmfinalfn::oid)) f (oid)
             WHERE a.aggfnoid::oid >= 16384 AND f.oid <> 0
            UNION ALL
            SELECT 'support', oid, amproc::oid FROM pg_catalog.pg_amproc WHERE amproc::oid >= 16384
            UNION ALL
            SELECT 'support', r.rngtypid, f.oid
              FROM pg_catalog.pg_range r
             CROSS JOIN LATERAL (VALUES (r.rngcanonical::oid), (r.rngsubdiff::oid)) f (oid)
             WHERE f.oid >= 16384
            UNION ALL
            SELECT 'event', oid, evtfoid FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D'
            UNION ALL
            SELECT 'truncate', oid, tgrelid FROM pg_catalog.pg_trigger
             WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 32 <> 0
            UNION ALL
            SELECT 'domain', oid, 0 FROM pg_catalog.pg_type WHERE oid >= 16384 AND typtype = 'd'""";

    private CatalogQueries() {}
}
